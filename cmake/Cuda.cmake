# nvcc, for the kernels of the CUDA flavour (models/cuda).

if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
  # A100, H100 and H200, B200; what comes later compiles the last one's PTX when it loads it.
  set(CMAKE_CUDA_ARCHITECTURES 80-real 90-real 100)
endif()
if(NOT CMAKE_CUDA_COMPILER AND NOT DEFINED ENV{CUDACXX})   # setup asks for it in the same places
  find_program(SAMSR_NVCC nvcc HINTS ENV CUDA_HOME PATHS /usr/local/cuda PATH_SUFFIXES bin REQUIRED)
  set(CMAKE_CUDA_COMPILER ${SAMSR_NVCC})
endif()
if(NOT CMAKE_CUDA_HOST_COMPILER)
  set(CMAKE_CUDA_HOST_COMPILER ${CMAKE_CXX_COMPILER})
endif()
# A runtime of our own inside the program: LibTorch's is found by LibTorch alone.
set(CMAKE_CUDA_RUNTIME_LIBRARY Static)
enable_language(CUDA)
if(NOT DEFINED CMAKE_CUDA20_STANDARD_COMPILE_OPTION)   # CMake 3.25 does not know that nvcc has C++20
  set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION -std=c++20)
  set(CMAKE_CUDA20_EXTENSION_COMPILE_OPTION -std=c++20)
endif()
set(CMAKE_CUDA_STANDARD 20)
string(APPEND CMAKE_CUDA_FLAGS " -Xcompiler=-Wall --Werror=all-warnings")
set(CMAKE_CUDA_COMPILER_LAUNCHER ${CMAKE_CXX_COMPILER_LAUNCHER})
find_package(CUDAToolkit 13 REQUIRED)
