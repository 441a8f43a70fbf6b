// Shards of somebody else's making: HDF5 files with the right names and other contents.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <hdf5.h>

#include <functional>
#include <sstream>
#include <vector>

#include "comm/communicator.h"
#include "core/atomic_file.h"
#include "core/checksum.h"
#include "core/error.h"
#include "data/shards/loader.h"
#include "data/shards/manifest.h"
#include "data/tools/contact_sheet.h"
#include "data/tools/export.h"
#include "data/tools/inspect.h"
#include "data/tools/stored_sample.h"
#include "support/shards.h"
#include "support/temporary_folder.h"
#include "support/user_error.h"

namespace samsr {
namespace {
namespace fs = std::filesystem;
using ::testing::AllOf;
using testing::error_of;
using ::testing::HasSubstr;
using testing::TemporaryFolder;
using testing::write_numbered_set;

using Extents = std::vector<hsize_t>;
/// Creation properties of a dataset that is to take the place of another.
using Storage = std::function<void(hid_t properties)>;

/// A data set of two samples, whose one shard each test changes as it is told; the manifest fits the change.
class ForeignShard : public ::testing::Test {
 protected:
  ForeignShard() { write_numbered_set(folder_.path(), 2, 2); }

  void change(const std::function<void(hid_t file)>& changes) const {
    const hid_t file = H5Fopen(path_.c_str(), H5F_ACC_RDWR, H5P_DEFAULT);
    ASSERT_GE(file, 0);
    changes(file);
    ASSERT_GE(H5Fclose(file), 0);
    Manifest manifest = read_manifest(folder_.path());
    manifest.shards[0].bytes = fs::file_size(path_);
    write_manifest(folder_.path(), manifest);
  }
  void replace(const char* name, hid_t type, const Extents& extents, const Storage& storage = {}) const {
    change([&](hid_t file) {
      ASSERT_GE(H5Ldelete(file, name, H5P_DEFAULT), 0);
      const hid_t properties = H5Pcreate(H5P_DATASET_CREATE);
      H5Pset_alloc_time(properties, H5D_ALLOC_TIME_EARLY);
      if (storage) {
        storage(properties);
      }
      const hid_t space = H5Screate_simple(static_cast<int>(extents.size()), extents.data(), nullptr);
      const hid_t set = H5Dcreate2(file, name, type, space, H5P_DEFAULT, properties, H5P_DEFAULT);
      ASSERT_GE(set, 0) << name;
      H5Dclose(set);
      H5Sclose(space);
      H5Pclose(properties);
    });
  }
  /// Makes every checksum fit, so that nothing but its form can have a shard refused.
  void mend_checksums() const {
    const Shard shard(path_);
    const hid_t file = H5Fopen(path_.c_str(), H5F_ACC_RDWR, H5P_DEFAULT);
    const hid_t table = H5Dopen2(file, "crc32c", H5P_DEFAULT);
    std::vector<std::uint32_t> sums;
    const RandomAccessFile bytes_of(path_, RandomAccessFile::Access::kRead);
    for (std::uint64_t sample = 0; sample < shard.samples(); ++sample) {
      for (const ShardField& field : shard.fields()) {
        std::vector<char> bytes(field.bytes);
        bytes_of.read_at(field.offset + sample * field.bytes, bytes.data(), bytes.size());
        sums.push_back(crc32c(bytes.data(), field.text ? ::strnlen(bytes.data(), bytes.size()) : bytes.size()));
      }
    }
    H5Dwrite(table, H5T_NATIVE_UINT32, H5S_ALL, H5S_ALL, H5P_DEFAULT, sums.data());
    H5Dclose(table);
    H5Fclose(file);
  }
  /// What everyone who opens the shard is told; "no error" when any of them takes it.
  std::string refusal() {
    const std::string told = error_of([&] { Shard shard(path_); });
    EXPECT_EQ(told.find('\n'), std::string::npos) << told;
    EXPECT_THAT(told, AllOf(HasSubstr("shard-000000.h5"), HasSubstr("`samsr data build`")));
    std::ostringstream out;
    EXPECT_EQ(error_of([&] { ShardSet set(folder_.path()); }), told);
    EXPECT_EQ(error_of([&] { inspect(path_, {.sheet = folder_ / "sheet.png"}, out); }), told);
    EXPECT_EQ(error_of([&] { export_pairs(folder_.path(), folder_ / "out", {}, *comm_, log_); }), told);
    EXPECT_FALSE(fs::exists(folder_ / "out"));
    EXPECT_FALSE(fs::exists(folder_ / "sheet.png"));
    return told;
  }

  const TemporaryFolder folder_;
  const fs::path path_ = folder_ / "shard-000000.h5";
  std::ostringstream lines_;
  Log log_{lines_, 0, 1, false};
  const std::unique_ptr<Communicator> comm_ = make_single_communicator();
};

TEST_F(ForeignShard, IsRefusedForEveryPictureThatIsNone) {
  const Extents shapes[] = {{2, 6, 8, 5}, {2, 6, 8, 1}, {2, 6, 8, 4}, {2, 6, 8}, {2, 144}, {2, 6, 8, 3, 1}};
  for (const Extents& shape : shapes) {
    replace("lr", H5T_STD_U8LE, shape);
    EXPECT_THAT(refusal(), AllOf(HasSubstr("dataset lr is uint8"), HasSubstr("expected uint8 (H, W, 3)")));
  }
  replace("lr", H5T_IEEE_F32LE, {2, 6, 8, 3});
  EXPECT_THAT(refusal(), HasSubstr("dataset lr is float32 (6, 8, 3)"));
  for (const hid_t type : {H5T_STD_I8LE, H5T_STD_U16LE, H5T_IEEE_F64LE, H5T_STD_U32BE, H5T_STD_B8LE}) {
    replace("lr", type, {2, 6, 8, 3});
    EXPECT_THAT(refusal(), HasSubstr("elements of a type that shards do not hold"));
  }
}

TEST_F(ForeignShard, IsRefusedForTextInPlaceOfNumbersAndTheOtherWayRound) {
  const hid_t text = H5Tcopy(H5T_C_S1);
  H5Tset_size(text, 144);
  replace("lr", text, {2});
  EXPECT_THAT(refusal(), HasSubstr("dataset lr is text"));
  H5Tset_size(text, H5T_VARIABLE);
  replace("lr", text, {2});
  EXPECT_THAT(refusal(), HasSubstr("dataset lr has elements of a type"));
  H5Tclose(text);
  write_numbered_set(folder_.path(), 2, 2);
  replace("source", H5T_STD_U8LE, {2, 20});
  EXPECT_THAT(refusal(), HasSubstr("dataset source is uint8 (20), expected text"));
}

TEST_F(ForeignShard, IsRefusedWhenItsDatasetsDoNotFitEachOther) {
  const struct {
    const char* name;
    hid_t type;
    Extents shape;
    const char* told;
  } cases[] = {
      {"hr", H5T_STD_U8LE, {2, 12, 18, 3}, "expected (12, 16, 3) because of lr and scale 2"},
      {"hr", H5T_STD_U8LE, {2, 6, 8, 3}, "because of lr and scale 2"},
      {"coverage", H5T_STD_U8LE, {2, 8, 6}, "dataset coverage is uint8 (8, 6), expected (6, 8) because of lr"},
      {"coverage", H5T_STD_U8LE, {2, 6, 8, 1}, "expected uint8 (H, W)"},
      {"coverage", H5T_IEEE_F32LE, {2, 6, 8}, "expected uint8 (H, W)"},
      {"z_lr", H5T_IEEE_F32LE, {2, 5, 3, 4}, "expected float16 (C, h, w)"},
      {"z_hr", H5T_STD_U8LE, {2, 5, 3}, "expected float16 (C, h, w)"},
      {"lr", H5T_STD_U8LE, {3, 6, 8, 3}, "dataset lr has another number of samples"},
      {"source", H5T_STD_U8LE, {1, 1}, "dataset source has another number of samples"},
  };
  for (const auto& each : cases) {
    write_numbered_set(folder_.path(), 2, 2);
    replace(each.name, each.type, each.shape);
    EXPECT_THAT(refusal(), HasSubstr(each.told)) << each.name;
  }
}

TEST_F(ForeignShard, IsRefusedForSizesThatNoFileHas) {
  const auto late = [](hid_t properties) { H5Pset_alloc_time(properties, H5D_ALLOC_TIME_LATE); };
  for (const Extents& shape :
       {Extents{2, 1ULL << 32, 1ULL << 31, 3}, Extents{2, 1ULL << 50, 1, 3}, Extents{1ULL << 60, 1, 1, 3},
        Extents{2, 0, 8, 3}, Extents{0, 6, 8, 3}, Extents{2, 6, 1ULL << 40, 3}}) {
    write_numbered_set(folder_.path(), 2, 2);
    replace("lr", H5T_STD_U8LE, shape, late);
    EXPECT_THAT(refusal(), HasSubstr("empty or larger than the file"));
  }
}

TEST_F(ForeignShard, IsRefusedWhenBytesLieElsewhereOrCompressed) {
  replace("lr", H5T_STD_U8LE, {2, 6, 8, 3}, [](hid_t properties) {
    const hsize_t chunk[] = {1, 6, 8, 3};
    H5Pset_chunk(properties, 4, chunk);
  });
  EXPECT_THAT(refusal(), HasSubstr("dataset lr is chunked, compressed, virtual or external"));
  replace("lr", H5T_STD_U8LE, {2, 6, 8, 3}, [](hid_t properties) { H5Pset_layout(properties, H5D_COMPACT); });
  EXPECT_THAT(refusal(), HasSubstr("expected contiguous in this file"));
  write_file_atomically(folder_ / "raw", std::string(288, 'x'));
  replace("lr", H5T_STD_U8LE, {2, 6, 8, 3},
          [&](hid_t properties) { H5Pset_external(properties, (folder_ / "raw").c_str(), 0, 288); });
  EXPECT_THAT(refusal(), HasSubstr("external"));
  replace("lr", H5T_STD_U8LE, {2, 6, 8, 3}, [&](hid_t properties) {
    const hsize_t extents[] = {2, 6, 8, 3};
    const hid_t space = H5Screate_simple(4, extents, nullptr);
    H5Pset_virtual(properties, space, (folder_ / "other.h5").c_str(), "lr", space);
    H5Sclose(space);
  });
  EXPECT_THAT(refusal(), HasSubstr("virtual"));
}

TEST_F(ForeignShard, IsRefusedForLinks) {
  write_numbered_set(folder_ / "other", 2, 2);
  const std::string other = (folder_ / "other/shard-000000.h5").string();
  change([&](hid_t file) {
    H5Ldelete(file, "lr", H5P_DEFAULT);
    ASSERT_GE(H5Lcreate_external(other.c_str(), "lr", file, "lr", H5P_DEFAULT, H5P_DEFAULT), 0);
  });
  EXPECT_THAT(refusal(), HasSubstr("dataset lr is a link"));
  change([&](hid_t file) {
    H5Ldelete(file, "lr", H5P_DEFAULT);
    ASSERT_GE(H5Lcreate_soft("/hr", file, "lr", H5P_DEFAULT, H5P_DEFAULT), 0);
  });
  EXPECT_THAT(refusal(), HasSubstr("dataset lr is a link"));
  change([&](hid_t file) { H5Ldelete(file, "lr", H5P_DEFAULT); });
  EXPECT_THAT(refusal(), HasSubstr("lr"));
}

TEST_F(ForeignShard, IsRefusedForItsAttributes) {
  const auto set_number = [&](const char* name, hid_t type, const auto value) {
    write_numbered_set(folder_.path(), 2, 2);
    change([&](hid_t file) {
      H5Adelete(file, name);
      const hid_t space = H5Screate(H5S_SCALAR);
      const hid_t attribute = H5Acreate2(file, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
      H5Awrite(attribute, type, &value);
      H5Aclose(attribute);
      H5Sclose(space);
    });
  };
  for (const std::uint64_t scale : {std::uint64_t{0}, std::uint64_t{65}, std::uint64_t{1} << 63}) {
    set_number("scale", H5T_NATIVE_UINT64, scale);
    EXPECT_THAT(refusal(), HasSubstr("scale is"));
  }
  set_number("scale", H5T_NATIVE_DOUBLE, 2.0);
  EXPECT_THAT(refusal(), HasSubstr("attribute is no number: scale"));
  set_number("config", H5T_NATIVE_UINT64, std::uint64_t{1});
  EXPECT_THAT(refusal(), HasSubstr("attribute is no text: config"));
  set_number("first_index", H5T_NATIVE_UINT64, ~std::uint64_t{0});
  EXPECT_THAT(refusal(), HasSubstr("its first sample has the number"));
  for (const char* name : {"format", "content", "seed", "tool"}) {
    write_numbered_set(folder_.path(), 2, 2);
    change([&](hid_t file) { H5Adelete(file, name); });
    EXPECT_THAT(refusal(), HasSubstr(name));
  }
}

TEST_F(ForeignShard, IsRefusedForItsTableOfChecksums) {
  replace("crc32c", H5T_STD_U32LE, {2, 6});
  EXPECT_THAT(refusal(), HasSubstr("fields"));  // the new table has no such attribute
  const auto list = [&](const std::vector<const char*>& names, const Extents& shape, hid_t type) {
    write_numbered_set(folder_.path(), 2, 2);
    replace("crc32c", type, shape);
    change([&](hid_t file) {
      const hid_t table = H5Dopen2(file, "crc32c", H5P_DEFAULT);
      const hid_t text = H5Tcopy(H5T_C_S1);
      H5Tset_size(text, H5T_VARIABLE);
      const hsize_t count = names.size();
      const hid_t space = H5Screate_simple(1, &count, nullptr);
      const hid_t attribute = H5Acreate2(table, "fields", text, space, H5P_DEFAULT, H5P_DEFAULT);
      H5Awrite(attribute, text, names.data());
      H5Aclose(attribute);
      H5Sclose(space);
      H5Tclose(text);
      H5Dclose(table);
    });
  };
  list({"hr", "lr"}, {2, 6}, H5T_STD_U32LE);
  EXPECT_THAT(refusal(), HasSubstr("another shape than its list of fields"));
  list({"hr", "lr"}, {2, 2}, H5T_STD_U64LE);
  EXPECT_THAT(refusal(), HasSubstr("another shape than its list of fields"));
  list({"hr", "lr", "lr"}, {2, 3}, H5T_STD_U32LE);
  EXPECT_THAT(refusal(), HasSubstr("dataset lr is listed twice"));
  list({"hr", "lr\nline"}, {2, 2}, H5T_STD_U32LE);
  EXPECT_THAT(refusal(), HasSubstr("'lr?line'"));
  list({"hr", "crc32c/../lr"}, {2, 2}, H5T_STD_U32LE);
  EXPECT_THAT(refusal(), HasSubstr("crc32c/../lr"));
}

TEST_F(ForeignShard, RecordsThatAreNoneAreOneLine) {
  const auto with_source = [&](std::string text) {
    write_numbered_set(folder_.path(), 2, 2);
    const hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, text.size());
    replace("source", type, {2});
    change([&](hid_t file) {
      const hid_t set = H5Dopen2(file, "source", H5P_DEFAULT);
      text += text;
      H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, text.data());
      H5Dclose(set);
    });
    H5Tclose(type);
    mend_checksums();
    std::ostringstream out;
    const std::string told = error_of([&] { inspect(path_, {.sheet = folder_ / "sheet.png"}, out); });
    EXPECT_EQ(told.find('\n'), std::string::npos) << told;
    return told;
  };
  EXPECT_EQ(with_source(R"({"image": "a.png"})"), "no error");
  for (const char* text : {"no JSON", "{\"image\":", "{\"image\": \"\xff\"}"}) {
    EXPECT_THAT(with_source(text), HasSubstr("it is no JSON"));
  }
  for (const char* text : {"[1]", "7", "{}", R"({"image": 7})", R"({"image": null})"}) {
    EXPECT_THAT(with_source(text), HasSubstr("names no image"));
  }
  EXPECT_THAT(with_source(R"({"a": )" + std::string(200'000, '[') + std::string(200'000, ']') + "}"),
              HasSubstr("nested more than 32 deep"));
}

TEST_F(ForeignShard, AManifestThatLiesIsOneLine) {
  const std::string whole = read_file(folder_ / "manifest.json");
  const auto refusal_of = [&](const std::string& was, const std::string& is) {
    std::string text = whole;
    text.replace(text.find(was), was.size(), is);
    const std::string told = error_of([&] { parse_manifest(text, "manifest.json"); });
    EXPECT_THAT(told, ::testing::StartsWith("manifest.json: "));
    EXPECT_EQ(told.find('\n'), std::string::npos) << told;
    return told;
  };
  const std::string name = "shard-000000.h5";
  for (const char* other : {"../shard-000000.h5", "/etc/passwd", "..", ".", "", "a/b.h5", "a\\nb.h5"}) {
    EXPECT_THAT(refusal_of(name, other), HasSubstr("does not follow"));
  }
  const std::string samples = fmt::format("\"samples\": {}", read_manifest(folder_.path()).samples());
  EXPECT_THAT(refusal_of(samples, "\"samples\": 7000"),
              HasSubstr("says that there are 7000 samples, but its shards hold"));
  EXPECT_THAT(refusal_of(samples, "\"samples\": -1"), HasSubstr("expected a whole number"));
  const std::string index = "\"first_index\": 0";
  for (const char* other : {"-1", "0.5", "1e300", "\"0\"", "null", "[0]", "18446744073709551616"}) {
    EXPECT_THAT(refusal_of(index, std::string("\"first_index\": ") + other), HasSubstr("expected a whole number"));
  }
  EXPECT_THAT(refusal_of("\"samsr-dataset/1\"", std::string(50'000, '[') + std::string(50'000, ']')),
              HasSubstr("nested more than 32 deep"));
  EXPECT_THAT(refusal_of("\"samsr-dataset/1\"", "\"other\""), HasSubstr("format"));
  EXPECT_THAT(error_of([&] { parse_manifest("[]", "manifest.json"); }), HasSubstr("expected an object"));
  EXPECT_THAT(error_of([&] { parse_manifest(R"({"format": "samsr-dataset/1", "shards": []})", "manifest.json"); }),
              HasSubstr("lists no shards"));
  const std::string entry =
      R"({"file": "a.h5", "first_index": 0, "samples": 18446744073709551615, "bytes": 1, "crc32c": {}})";
  const std::string next =
      R"({"file": "b.h5", "first_index": 18446744073709551615, "samples": 1, "bytes": 1, "crc32c": {}})";
  EXPECT_THAT(error_of([&] {
                parse_manifest(R"({"format": "samsr-dataset/1", "shards": [)" + entry + "," + next + "]}",
                               "manifest.json");
              }),
              HasSubstr("'b.h5' does not follow"));
}

}  // namespace
}  // namespace samsr
