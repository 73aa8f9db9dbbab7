# The GPU backend.  Its sources are compiled twice: here by nvcc, where a CUDA toolkit is
# found, into libetreerpo_cuda.so, which the program loads for `device: cuda`; and in
# tests/cuda_on_host by the C++ compiler, to run the kernels on the CPU.
option(ETREERPO_CUDA "build the GPU backend where a CUDA toolkit is found" ON)
set(CUDA_ARCHITECTURES_WANTED "80;90" CACHE STRING "compute capabilities to compile for")

file(GLOB CUDA_KERNELS CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/common/tensor/cuda/*.cu)
file(GLOB CUDA_HOST_CODE CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/common/tensor/cuda/*.c
     ${CMAKE_SOURCE_DIR}/common/model/cuda/*.c)

set(ETREERPO_HAVE_CUDA OFF)
if(ETREERPO_CUDA)
  find_program(NVCC nvcc HINTS ENV CUDA_HOME ENV CUDA_PATH PATHS /usr/local/cuda PATH_SUFFIXES bin)
  if(NVCC)
    set(CMAKE_CUDA_COMPILER ${NVCC})
    set(CMAKE_CUDA_ARCHITECTURES ${CUDA_ARCHITECTURES_WANTED})
    enable_language(CUDA)
    set(CMAKE_CUDA_STANDARD 17)
    find_package(CUDAToolkit REQUIRED)
    set(ETREERPO_HAVE_CUDA ON)
  else()
    message(STATUS "no nvcc: built without the GPU backend (CUDA_HOME=DIR names a toolkit)")
  endif()
endif()

function(add_cuda_backend)
  add_library(cuda_kernels OBJECT ${CUDA_KERNELS})
  target_include_directories(cuda_kernels PRIVATE ${CMAKE_SOURCE_DIR}/common/tensor/cuda/ptx)
  target_link_libraries(cuda_kernels PRIVATE base tensor_headers)
  # -O3 -g of the preset would keep nvcc's host code apart from ours: the same warnings.
  target_compile_options(cuda_kernels PRIVATE $<$<COMPILE_LANGUAGE:CUDA>:-O3 --use_fast_math=false
    -Werror=all-warnings -Xcompiler=-Wall,-Wextra,-Werror,-fvisibility=hidden>)
endfunction()
