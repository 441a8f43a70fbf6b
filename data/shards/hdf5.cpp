#include "data/shards/hdf5.h"

#include <stdexcept>

namespace samsr::hdf5 {
namespace {

constexpr hsize_t kPage = 4096;

Id access_properties() {
  Id properties(H5Pcreate(H5P_FILE_ACCESS), H5Pclose, "file access properties");
  check(H5Pset_file_locking(properties, false, true), "H5Pset_file_locking");
  check(H5Pset_alignment(properties, kPage, kPage), "H5Pset_alignment");
  return properties;
}

Id text_attribute_type() {
  Id type(H5Tcopy(H5T_C_S1), H5Tclose, "text type");
  check(H5Tset_size(type, H5T_VARIABLE), "H5Tset_size");
  check(H5Tset_cset(type, H5T_CSET_UTF8), "H5Tset_cset");
  return type;
}

void write_attribute(hid_t object, const char* name, hid_t type, hid_t space, const void* values) {
  const Id attribute(H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT), H5Aclose, name);
  check(H5Awrite(attribute, type, values), name);
}

Id scalar() { return Id(H5Screate(H5S_SCALAR), H5Sclose, "scalar space"); }

}  // namespace

Id::Id(hid_t id, Close closer, const char* what) : id_(id), close_(closer) {
  if (id_ < 0) {
    throw std::runtime_error(std::string("HDF5: ") + what);
  }
}

Id::~Id() {
  if (id_ >= 0) {
    close_(id_);
  }
}

void Id::close(const char* what) { check(close_(std::exchange(id_, -1)), what); }

void check(herr_t status, const char* what) {
  if (status < 0) {
    throw std::runtime_error(std::string("HDF5: ") + what);
  }
}

QuietErrors::QuietErrors() {
  H5Eget_auto2(H5E_DEFAULT, &function_, &data_);
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
}

QuietErrors::~QuietErrors() { H5Eset_auto2(H5E_DEFAULT, function_, data_); }

std::string empty_file() {
  constexpr std::size_t kIncrement = 4096;
  const Id access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose, "file access properties");
  check(H5Pset_fapl_core(access, kIncrement, false), "H5Pset_fapl_core");
  const Id creation(H5Pcreate(H5P_FILE_CREATE), H5Pclose, "file creation properties");
  check(H5Pset_obj_track_times(creation, false), "H5Pset_obj_track_times");
  const Id file(H5Fcreate("empty", H5F_ACC_TRUNC, creation, access), H5Fclose, "H5Fcreate");
  check(H5Fflush(file, H5F_SCOPE_GLOBAL), "H5Fflush");
  const ssize_t size = H5Fget_file_image(file, nullptr, 0);
  check(size < 0 ? -1 : 0, "H5Fget_file_image");
  std::string bytes(static_cast<std::size_t>(size), '\0');
  check(H5Fget_file_image(file, bytes.data(), bytes.size()) < 0 ? -1 : 0, "H5Fget_file_image");
  return bytes;
}

Id open_file(const std::filesystem::path& path, bool writable) {
  return Id(H5Fopen(path.c_str(), writable ? H5F_ACC_RDWR : H5F_ACC_RDONLY, access_properties()), H5Fclose, "H5Fopen");
}

Id create_dataset(hid_t file, const std::string& name, hid_t type, const std::vector<std::int64_t>& shape) {
  const Id creation(H5Pcreate(H5P_DATASET_CREATE), H5Pclose, "dataset creation properties");
  check(H5Pset_obj_track_times(creation, false), "H5Pset_obj_track_times");
  check(H5Pset_layout(creation, H5D_CONTIGUOUS), "H5Pset_layout");
  check(H5Pset_alloc_time(creation, H5D_ALLOC_TIME_EARLY), "H5Pset_alloc_time");
  check(H5Pset_fill_time(creation, H5D_FILL_TIME_NEVER), "H5Pset_fill_time");
  const std::vector<hsize_t> extent(shape.begin(), shape.end());
  const Id space(H5Screate_simple(static_cast<int>(extent.size()), extent.data(), nullptr), H5Sclose, "space");
  const Id link(H5Pcreate(H5P_LINK_CREATE), H5Pclose, "link creation properties");
  check(H5Pset_create_intermediate_group(link, 1), "H5Pset_create_intermediate_group");
  return Id(H5Dcreate2(file, name.c_str(), type, space, link, creation, H5P_DEFAULT), H5Dclose, "H5Dcreate2");
}

Id open_dataset(hid_t file, const std::string& name) {
  for (std::size_t slash = name.find('/');; slash = name.find('/', slash + 1)) {
    H5L_info_t link;
    check(H5Lget_info(file, name.substr(0, slash).c_str(), &link, H5P_DEFAULT), name.c_str());
    if (link.type != H5L_TYPE_HARD) {
      throw std::runtime_error("dataset " + name + " is a link, not stored under its name in this file");
    }
    if (slash == std::string::npos) {
      break;
    }
  }
  Id dataset(H5Dopen2(file, name.c_str(), H5P_DEFAULT), H5Dclose, name.c_str());
  const Id creation(H5Dget_create_plist(dataset), H5Pclose, name.c_str());
  if (H5Pget_layout(creation) != H5D_CONTIGUOUS || H5Pget_external_count(creation) != 0) {
    throw std::runtime_error("dataset " + name +
                             " is chunked, compressed, virtual or external, expected contiguous in this file");
  }
  return dataset;
}

std::uint64_t offset(hid_t dataset) {
  const haddr_t address = H5Dget_offset(dataset);
  if (address == HADDR_UNDEF) {
    throw std::runtime_error("HDF5: a dataset is not contiguous");
  }
  return address;
}

std::vector<std::int64_t> shape(hid_t dataset) {
  const Id space(H5Dget_space(dataset), H5Sclose, "H5Dget_space");
  const int rank = H5Sget_simple_extent_ndims(space);
  check(rank, "H5Sget_simple_extent_ndims");
  std::vector<hsize_t> extent(static_cast<std::size_t>(rank));
  check(H5Sget_simple_extent_dims(space, extent.data(), nullptr), "H5Sget_simple_extent_dims");
  return {extent.begin(), extent.end()};
}

Id stored_type(at::ScalarType type) {
  switch (type) {
    case at::kByte:
      return Id(H5Tcopy(H5T_STD_U8LE), H5Tclose, "uint8");
    case at::kUInt32:
      return Id(H5Tcopy(H5T_STD_U32LE), H5Tclose, "uint32");
    case at::kUInt64:
      return Id(H5Tcopy(H5T_STD_U64LE), H5Tclose, "uint64");
    case at::kFloat:
      return Id(H5Tcopy(H5T_IEEE_F32LE), H5Tclose, "float32");
    case at::kHalf: {
      Id half(H5Tcopy(H5T_IEEE_F32LE), H5Tclose, "float16");
      // Sign, exponent and fraction of IEEE 754 binary16; HDF5 1.10 has no name for it.
      check(H5Tset_fields(half, 15, 10, 5, 0, 10), "H5Tset_fields");
      check(H5Tset_size(half, 2), "H5Tset_size");
      check(H5Tset_ebias(half, 15), "H5Tset_ebias");
      return half;
    }
    default:
      throw std::logic_error(std::string("shards hold no ") + c10::toString(type));
  }
}

Id text_type(std::size_t length) {
  Id type(H5Tcopy(H5T_C_S1), H5Tclose, "text type");
  check(H5Tset_size(type, length), "H5Tset_size");
  check(H5Tset_strpad(type, H5T_STR_NULLPAD), "H5Tset_strpad");
  check(H5Tset_cset(type, H5T_CSET_UTF8), "H5Tset_cset");
  return type;
}

void write_attribute(hid_t object, const char* name, const std::string& value) {
  const char* text = value.c_str();
  write_attribute(object, name, text_attribute_type(), scalar(), &text);
}

void write_attribute(hid_t object, const char* name, const std::vector<std::string>& values) {
  std::vector<const char*> texts;
  for (const std::string& value : values) {
    texts.push_back(value.c_str());
  }
  const hsize_t count = texts.size();
  const Id space(H5Screate_simple(1, &count, nullptr), H5Sclose, "space");
  write_attribute(object, name, text_attribute_type(), space, texts.data());
}

void write_attribute(hid_t object, const char* name, std::uint64_t value) {
  const Id space = scalar();
  const Id attribute(H5Acreate2(object, name, H5T_STD_U64LE, space, H5P_DEFAULT, H5P_DEFAULT), H5Aclose, name);
  check(H5Awrite(attribute, H5T_NATIVE_UINT64, &value), name);
}

std::vector<std::string> read_texts(hid_t object, const char* name) {
  const Id attribute(H5Aopen(object, name, H5P_DEFAULT), H5Aclose, name);
  const Id stored(H5Aget_type(attribute), H5Tclose, name);
  const Id space(H5Aget_space(attribute), H5Sclose, name);
  if (H5Tis_variable_str(stored) <= 0) {
    throw std::runtime_error(std::string("HDF5: attribute is no text: ") + name);
  }
  const hssize_t count = H5Sget_simple_extent_npoints(space);
  constexpr hssize_t kMost = 1024;
  if (count < 0 || count > kMost) {
    throw std::runtime_error(std::string("HDF5: attribute has too many elements: ") + name);
  }
  const Id type = text_attribute_type();
  std::vector<char*> texts(static_cast<std::size_t>(count), nullptr);
  check(H5Aread(attribute, type, texts.data()), name);
  std::vector<std::string> values;
  for (const char* text : texts) {
    values.emplace_back(text == nullptr ? "" : text);
  }
  check(H5Dvlen_reclaim(type, space, H5P_DEFAULT, texts.data()), "H5Dvlen_reclaim");
  return values;
}

std::string read_text(hid_t object, const char* name) {
  const std::vector<std::string> texts = read_texts(object, name);
  if (texts.size() != 1) {
    throw std::runtime_error(std::string("HDF5: attribute is no single text: ") + name);
  }
  return texts[0];
}

std::uint64_t read_number(hid_t object, const char* name) {
  const Id attribute(H5Aopen(object, name, H5P_DEFAULT), H5Aclose, name);
  const Id space(H5Aget_space(attribute), H5Sclose, name);
  const Id type(H5Aget_type(attribute), H5Tclose, name);
  if (H5Sget_simple_extent_npoints(space) != 1 || H5Tget_class(type) != H5T_INTEGER) {
    throw std::runtime_error(std::string("HDF5: attribute is no number: ") + name);
  }
  std::uint64_t value = 0;
  check(H5Aread(attribute, H5T_NATIVE_UINT64, &value), name);
  return value;
}

}  // namespace samsr::hdf5
