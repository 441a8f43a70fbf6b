# Flags shared by every target, and `samsr_room`, which declares one room as one library.

# Options of the host's compilers; kernels for GPUs get theirs in models/cuda.
function(samsr_compile_options)
  foreach(option ${ARGN})
    add_compile_options($<$<NOT:$<COMPILE_LANGUAGE:CUDA>>:${option}>)
  endforeach()
endfunction()
samsr_compile_options(-Wall -Wextra -Wshadow -Werror)
# The same bytes from every optimisation level and processor: no contraction into fused multiply-adds.
samsr_compile_options(-ffp-contract=off)
if(SAMSR_MARCH)
  samsr_compile_options(-march=${SAMSR_MARCH})
endif()
set(samsr_sanitizers_address address,undefined)
set(samsr_sanitizers_thread thread)
if(SAMSR_SANITIZE)
  if(NOT SAMSR_SANITIZE MATCHES "^(address|thread)$")
    message(FATAL_ERROR "SAMSR_SANITIZE is ${SAMSR_SANITIZE}, expected address or thread")
  endif()
  set(samsr_sanitizers ${samsr_sanitizers_${SAMSR_SANITIZE}})
  # -O1 compiles faster; GCC takes what it instruments of LibTorch's headers for uninitialised.
  samsr_compile_options(-O1 -fsanitize=${samsr_sanitizers} -fno-sanitize-recover=all -fno-omit-frame-pointer -g1
                        -Wno-maybe-uninitialized)
  add_link_options(-fsanitize=${samsr_sanitizers})
endif()
add_compile_definitions(FMT_HEADER_ONLY)

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  # A precompiled header is only cached when ccache is told that its time stamp does not matter.
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      ${CCACHE_PROGRAM})
  samsr_compile_options(-fpch-preprocess)
endif()

# samsr_room(NAME [SOURCES file…] USES target… [TORCH_PCH])
#   library `samsr_NAME` of the folder of the same name; headers are included as "folder/file.h". Sub-folders add
#   their own sources with target_sources.
#   TORCH_PCH: most sources include torch/torch.h, so share the one precompiled header.
function(samsr_room name)
  cmake_parse_arguments(ROOM "TORCH_PCH" "" "SOURCES;USES" ${ARGN})
  add_library(samsr_${name} STATIC ${ROOM_SOURCES})
  target_include_directories(samsr_${name} PUBLIC ${CMAKE_SOURCE_DIR})
  target_link_libraries(samsr_${name} PUBLIC ${ROOM_USES})
  if(ROOM_TORCH_PCH)
    target_precompile_headers(samsr_${name} REUSE_FROM samsr_torch_pch)
  endif()
endfunction()
