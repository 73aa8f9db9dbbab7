# layer(name dir [PARTS subfolders...] [DEPS layers...] [EXTERN targets...] [EXCEPT files...])
#
# One static library per folder.  Each layer exports one include root that holds a
# single link to its folder, so `#include "tensor/ops.h"` compiles only where
# `tensor` is in DEPS.  A layer may name only layers declared before it: no cycles.
# EXTERN libraries are private: their headers are seen by this layer alone.
option(ETREERPO_TESTS "build the tests" ON)
option(ETREERPO_BENCHMARKS "build the benchmarks" ON)
option(ETREERPO_NATIVE "compile for this machine's own instruction set" ON)
set(ETREERPO_SANITIZE "" CACHE STRING "sanitizers, as gcc names them: address,undefined or thread")

set(ETREERPO_WARNINGS -Wall -Wextra -Wpedantic -Wshadow -Wconversion
    -Wstrict-prototypes -Wmissing-prototypes -Wundef -Wno-format-truncation -Werror)
# No contraction: a fused multiply-add is written where it is meant (tensor/simd.h),
# so that two builds of one expression never differ in a bit.
set(CMAKE_POSITION_INDEPENDENT_CODE ON) # the GPU backend is loaded
set(HOST_CODE $<COMPILE_LANGUAGE:C,CXX>)
add_compile_options($<${HOST_CODE}:-ffp-contract=off> $<${HOST_CODE}:-fno-math-errno>)
add_compile_definitions(_GNU_SOURCE)
if(ETREERPO_NATIVE)
  add_compile_options($<${HOST_CODE}:-march=native>)
endif()
if(ETREERPO_SANITIZE)
  foreach(flag -fsanitize=${ETREERPO_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
    add_compile_options($<${HOST_CODE}:${flag}>)
  endforeach()
  add_link_options(-fsanitize=${ETREERPO_SANITIZE})
endif()

function(layer name dir)
  cmake_parse_arguments(L "" "" "DEPS;EXTERN;EXCEPT;PARTS" ${ARGN})
  foreach(dep ${L_DEPS})
    if(NOT TARGET ${dep})
      message(FATAL_ERROR "layer ${name} depends on ${dep}, which is not below it")
    endif()
  endforeach()
  file(GLOB src CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${dir}/*.c)
  foreach(part ${L_PARTS})
    file(GLOB more CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${dir}/${part}/*.c)
    list(APPEND src ${more})
  endforeach()
  foreach(file ${L_EXCEPT})
    list(REMOVE_ITEM src ${CMAKE_SOURCE_DIR}/${file})
  endforeach()
  add_library(${name} STATIC ${src})
  set(root ${CMAKE_BINARY_DIR}/layers/${name})
  file(MAKE_DIRECTORY ${root})
  file(CREATE_LINK ${CMAKE_SOURCE_DIR}/${dir} ${root}/${name} SYMBOLIC)
  target_include_directories(${name} PUBLIC ${root})
  target_compile_options(${name} PRIVATE ${ETREERPO_WARNINGS})
  target_link_libraries(${name} PUBLIC ${L_DEPS} PRIVATE ${L_EXTERN} m)
endfunction()
