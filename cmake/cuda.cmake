# The GPU backend, built where a CUDA toolkit is found: etreerpo_cuda.so, which the
# program loads for `device: cuda` and which takes what it needs of the lower layers from
# the program itself.  cmake -DETREERPO_CUDA=OFF builds without; CUDA_HOME names a toolkit.
option(ETREERPO_CUDA "build the GPU backend where a CUDA toolkit is found" ON)
set(ETREERPO_CUDA_ARCHITECTURES "80;90" CACHE STRING "compute capabilities to compile for")

set(ETREERPO_HAVE_CUDA OFF)
if(ETREERPO_CUDA)
  find_program(NVCC nvcc HINTS $ENV{CUDA_HOME}/bin $ENV{CUDA_PATH}/bin
               PATHS /usr/local/cuda/bin /opt/cuda/bin)
  if(NVCC)
    set(CMAKE_CUDA_COMPILER ${NVCC})
    set(CMAKE_CUDA_ARCHITECTURES ${ETREERPO_CUDA_ARCHITECTURES})
    enable_language(CUDA)
    find_package(CUDAToolkit REQUIRED)
    set(ETREERPO_HAVE_CUDA ON)
  else()
    message(STATUS "no nvcc: built without the GPU backend")
  endif()
endif()
if(NOT ETREERPO_HAVE_CUDA)
  return()
endif()

file(GLOB kernels CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/common/tensor/cuda/*.cu)
file(GLOB host_code CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/common/tensor/cuda/*.c
     ${CMAKE_SOURCE_DIR}/common/model/cuda/*.c)
list(APPEND host_code ${CMAKE_SOURCE_DIR}/common/comm/nccl/nccl_backend.c)
# Three kernels compute a row's log-prob and must get the same bits: the compiler may not
# join products and sums where it likes.
set_source_files_properties(${CMAKE_SOURCE_DIR}/common/tensor/cuda/vocabulary.cu
                            ${CMAKE_SOURCE_DIR}/common/tensor/cuda/sample.cu
                            PROPERTIES COMPILE_OPTIONS --fmad=false)
find_path(NCCL_INCLUDE_DIR nccl.h HINTS ${CUDAToolkit_INCLUDE_DIRS} $ENV{NCCL_HOME}/include)
if(NCCL_INCLUDE_DIR)
  list(APPEND host_code ${CMAKE_SOURCE_DIR}/common/comm/nccl/nccl_library.c)
else()
  message(STATUS "no nccl.h: the GPU backend is built without NCCL (NCCL_HOME names one)")
  list(APPEND host_code ${CMAKE_SOURCE_DIR}/common/comm/nccl/nccl_absent.c)
endif()

add_library(cuda_objects OBJECT ${kernels} ${host_code})
set_target_properties(cuda_objects PROPERTIES CUDA_STANDARD 17 C_VISIBILITY_PRESET hidden
                      CUDA_VISIBILITY_PRESET hidden)
target_include_directories(cuda_objects PRIVATE ${CMAKE_SOURCE_DIR}/common/tensor/cuda/ptx)
target_include_directories(cuda_objects SYSTEM PRIVATE ${CUDAToolkit_INCLUDE_DIRS}
                           ${NCCL_INCLUDE_DIR})
target_compile_options(cuda_objects PRIVATE
  $<$<COMPILE_LANGUAGE:CUDA>:-lineinfo -Werror=all-warnings -Xcompiler=-Wall,-Wextra,-Werror>
  $<$<COMPILE_LANGUAGE:C>:${ETREERPO_WARNINGS}>)
target_link_libraries(cuda_objects PRIVATE base tensor model comm)

add_library(etreerpo_cuda MODULE $<TARGET_OBJECTS:cuda_objects>)
set_target_properties(etreerpo_cuda PROPERTIES PREFIX "" LINKER_LANGUAGE CXX)
target_link_libraries(etreerpo_cuda PRIVATE CUDA::cudart_static CUDA::cublasLt ${CMAKE_DL_LIBS})
