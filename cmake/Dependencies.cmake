# Imported targets of everything that samsr links.

include(CheckCSourceCompiles)
find_package(Threads REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)
set(Protobuf_USE_STATIC_LIBS ON)
find_package(Protobuf REQUIRED)
find_package(MPI REQUIRED COMPONENTS C)
# Only the C interface: the C++ one of MPI-2 would need a library of its own.
target_compile_definitions(MPI::MPI_C INTERFACE OMPI_SKIP_MPICXX MPICH_SKIP_MPICXX)
find_package(HDF5 REQUIRED COMPONENTS C)
find_package(OpenCV REQUIRED COMPONENTS core imgproc)
if(TARGET yaml-cpp)
  add_library(samsr::yaml ALIAS yaml-cpp)
else()
  add_library(samsr::yaml ALIAS yaml-cpp::yaml-cpp)
endif()

find_path(ISAL_INCLUDE_DIR isa-l/crc.h REQUIRED)
find_library(ISAL_LIBRARY isal REQUIRED)
add_library(samsr::isal UNKNOWN IMPORTED)
set_target_properties(samsr::isal PROPERTIES
  IMPORTED_LOCATION ${ISAL_LIBRARY} INTERFACE_INCLUDE_DIRECTORIES ${ISAL_INCLUDE_DIR})

# libzip's own package file asks for programs that Debian packs apart.
find_path(LIBZIP_INCLUDE_DIR zip.h REQUIRED)
find_library(LIBZIP_LIBRARY zip REQUIRED)
add_library(samsr::libzip UNKNOWN IMPORTED)
set_target_properties(samsr::libzip PROPERTIES
  IMPORTED_LOCATION ${LIBZIP_LIBRARY} INTERFACE_INCLUDE_DIRECTORIES ${LIBZIP_INCLUDE_DIR})

find_package(ZLIB REQUIRED)
# The static library, where it links: the shared one loads libxml2 and 30 MB of ICU behind it, for kinds of archives that
# samsr does not read.
find_path(LIBARCHIVE_INCLUDE_DIR archive.h REQUIRED)
find_library(LIBARCHIVE_LIBRARY archive REQUIRED)
find_library(SAMSR_STATIC_archive libarchive.a)
set(archive_static ${SAMSR_STATIC_archive})
foreach(name nettle lzma zstd bz2)   # what its reader of .zip calls; not every libarchive has all
  find_library(SAMSR_ARCHIVE_${name} ${name})
  mark_as_advanced(SAMSR_ARCHIVE_${name})
  if(SAMSR_ARCHIVE_${name})
    list(APPEND archive_static ${SAMSR_ARCHIVE_${name}})
  endif()
endforeach()
list(APPEND archive_static ZLIB::ZLIB)
if(SAMSR_STATIC_archive)
  set(CMAKE_REQUIRED_INCLUDES ${LIBARCHIVE_INCLUDE_DIR})
  set(CMAKE_REQUIRED_LIBRARIES ${archive_static})
  check_c_source_compiles("
    #include <archive.h>
    int main() {
      struct archive* reader = archive_read_new();
      return archive_read_support_format_tar(reader) + archive_read_support_format_zip_seekable(reader);
    }" SAMSR_LIBARCHIVE_LINKS_STATICALLY)
  unset(CMAKE_REQUIRED_INCLUDES)
  unset(CMAKE_REQUIRED_LIBRARIES)
endif()
if(NOT SAMSR_LIBARCHIVE_LINKS_STATICALLY)
  set(archive_static ${LIBARCHIVE_LIBRARY})
endif()
add_library(samsr_libarchive INTERFACE)
target_include_directories(samsr_libarchive SYSTEM INTERFACE ${LIBARCHIVE_INCLUDE_DIR})
target_link_libraries(samsr_libarchive INTERFACE ${archive_static})
add_library(samsr::libarchive ALIAS samsr_libarchive)

find_package(PNG REQUIRED)
find_package(JPEG REQUIRED)   # libjpeg-turbo: its bytes are those of the degradation's tests
find_package(TIFF 4.5 REQUIRED)
find_path(WEBP_INCLUDE_DIR webp/demux.h REQUIRED)
find_library(WEBP_LIBRARY webp REQUIRED)
find_library(WEBPMUX_LIBRARY webpmux REQUIRED)
find_library(WEBPDEMUX_LIBRARY webpdemux REQUIRED)
add_library(samsr_webp INTERFACE)
target_include_directories(samsr_webp SYSTEM INTERFACE ${WEBP_INCLUDE_DIR})
target_link_libraries(samsr_webp INTERFACE ${WEBPMUX_LIBRARY} ${WEBPDEMUX_LIBRARY} ${WEBP_LIBRARY})
add_library(samsr::webp ALIAS samsr_webp)

add_library(samsr_hdf5 INTERFACE)
target_include_directories(samsr_hdf5 SYSTEM INTERFACE ${HDF5_C_INCLUDE_DIRS})
# The static library, where it links: the shared one loads libcurl and some thirty libraries behind it, for files in a
# cloud, which samsr has none of. What the sanitizers pass over is named by the shared one (tests/sanitizers).
list(GET HDF5_C_LIBRARIES 0 hdf5_shared)
get_filename_component(hdf5_folder ${hdf5_shared} DIRECTORY)
set(hdf5_static)
foreach(name hdf5 sz aec)   # not every HDF5 compresses with szip
  find_library(SAMSR_STATIC_${name} lib${name}.a HINTS ${hdf5_folder})
  mark_as_advanced(SAMSR_STATIC_${name})
  if(SAMSR_STATIC_${name})
    list(APPEND hdf5_static ${SAMSR_STATIC_${name}})
  endif()
endforeach()
list(APPEND hdf5_static ZLIB::ZLIB Threads::Threads ${CMAKE_DL_LIBS} m)
if(SAMSR_STATIC_hdf5 AND NOT SAMSR_SANITIZE)
  set(CMAKE_REQUIRED_INCLUDES ${HDF5_C_INCLUDE_DIRS})
  set(CMAKE_REQUIRED_LIBRARIES ${hdf5_static})
  check_c_source_compiles("
    #include <hdf5.h>
    int main() { return H5Fcreate(\"\", H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT) < 0; }" SAMSR_HDF5_LINKS_STATICALLY)
  unset(CMAKE_REQUIRED_INCLUDES)
  unset(CMAKE_REQUIRED_LIBRARIES)
endif()
if(SAMSR_HDF5_LINKS_STATICALLY AND NOT SAMSR_SANITIZE)
  target_link_libraries(samsr_hdf5 INTERFACE ${hdf5_static})
else()
  target_link_libraries(samsr_hdf5 INTERFACE ${HDF5_C_LIBRARIES})
endif()
add_library(samsr::hdf5 ALIAS samsr_hdf5)

foreach(part core imgproc)
  add_library(samsr_opencv_${part} INTERFACE)
  target_include_directories(samsr_opencv_${part} SYSTEM INTERFACE ${OpenCV_INCLUDE_DIRS})
  target_link_libraries(samsr_opencv_${part} INTERFACE opencv_${part})
  add_library(samsr::opencv_${part} ALIAS samsr_opencv_${part})
endforeach()

include(LibTorch)
