# LibTorch out of the PyPI wheel. Its own package file insists on a CUDA toolkit even for CPU use,
# so the targets are made here. SAMSR_LIBTORCH is the folder that holds torch/ and nvidia/.

set(SAMSR_LIBTORCH "$ENV{SAMSR_LIBTORCH}" CACHE PATH "Folder with the unpacked wheels torch/ and nvidia/")
if(NOT EXISTS "${SAMSR_LIBTORCH}/torch/lib/libtorch_cpu.so")
  message(FATAL_ERROR "no LibTorch in SAMSR_LIBTORCH='${SAMSR_LIBTORCH}': run launch/setup, which fetches it")
endif()
set(torch_root ${SAMSR_LIBTORCH}/torch)
set(torch_lib ${torch_root}/lib)
# libtorch_cpu.so itself links libcudart and libcupti, which come in wheels of their own.
file(GLOB nvidia_lib_dirs ${SAMSR_LIBTORCH}/nvidia/*/lib)

add_library(samsr_torch INTERFACE)
target_include_directories(samsr_torch SYSTEM INTERFACE
  ${torch_root}/include ${torch_root}/include/torch/csrc/api/include)
target_compile_definitions(samsr_torch INTERFACE USE_DISTRIBUTED USE_C10D)
target_compile_options(samsr_torch INTERFACE -D_GLIBCXX_USE_CXX11_ABI=1)
target_link_libraries(samsr_torch INTERFACE ${torch_lib}/libtorch_cpu.so ${torch_lib}/libc10.so Threads::Threads)
# The wheel's CUDA libraries are only found at run time, and on a CPU machine never.
target_link_options(samsr_torch INTERFACE -Wl,--allow-shlib-undefined)
foreach(dir ${torch_lib} ${nvidia_lib_dirs})
  target_link_options(samsr_torch INTERFACE -Wl,-rpath,${dir} -Wl,-rpath-link,${dir})
endforeach()

add_library(samsr::torch ALIAS samsr_torch)

# torch/torch.h costs about 20 s a translation unit: compiled once here and shared.
add_library(samsr_torch_pch OBJECT ${CMAKE_SOURCE_DIR}/cmake/torch_pch.cpp)
target_link_libraries(samsr_torch_pch PUBLIC samsr::torch)
target_precompile_headers(samsr_torch_pch PRIVATE <torch/torch.h>)

# The CUDA flavour is the same objects with three differences: gradient exchange over NCCL (samsr_nccl) and kernels
# (samsr_cuda_kernels of models/cuda), which take the places of their absences, and torch_cuda beside torch_cpu.
if(SAMSR_CUDA OR SAMSR_CUDA_CHECK)
  include(Cuda)
  # The wheel's header is of the library that is loaded at run time; process_group_nccl.cpp checks the version.
  find_path(NCCL_INCLUDE_DIR nccl.h REQUIRED
    HINTS ${SAMSR_LIBTORCH}/nvidia/nccl/include ${CUDAToolkit_INCLUDE_DIRS})
  add_library(samsr_nccl OBJECT ${CMAKE_SOURCE_DIR}/comm/process_group_nccl.cpp)
  target_include_directories(samsr_nccl PRIVATE ${CMAKE_SOURCE_DIR})
  target_include_directories(samsr_nccl SYSTEM PRIVATE ${NCCL_INCLUDE_DIR} ${CUDAToolkit_INCLUDE_DIRS})
  target_compile_definitions(samsr_nccl PRIVATE USE_C10D_NCCL)
  target_link_libraries(samsr_nccl PRIVATE samsr::torch fmt::fmt-header-only)

  # Makes an executable of this project one of the CUDA flavour.
  function(samsr_with_cuda target)
    target_sources(${target} PRIVATE $<TARGET_OBJECTS:samsr_nccl> $<TARGET_OBJECTS:samsr_cuda_kernels>)
    # What these objects themselves use.
    target_link_libraries(${target} PRIVATE samsr_comm samsr_models CUDA::cudart_static)
    # nvcc has nothing to link: no kernel calls a function of another file.
    set_target_properties(${target} PROPERTIES LINKER_LANGUAGE CXX)
    # torch_cuda registers its kernels in static initialisers, so it must stay linked although nothing names it. One
    # option, which CMake neither takes apart nor reorders; the libraries behind it stay subject to --as-needed.
    target_link_options(${target} PRIVATE
      LINKER:--push-state,--no-as-needed,${torch_lib}/libtorch_cuda.so,${torch_lib}/libc10_cuda.so,--pop-state)
  endfunction()
endif()

# Makes an executable one of the flavour that is built; to be called for each that computes on a device.
function(samsr_flavour target)
  if(SAMSR_CUDA)
    samsr_with_cuda(${target})
  endif()
endfunction()
