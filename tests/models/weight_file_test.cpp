#include "models/weights/weight_file.h"

#include <caffe2/serialize/inline_container.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <torch/torch.h>
#include <unistd.h>

#include "core/atomic_file.h"
#include "models/pickle_writer.h"
#include "support/files.h"
#include "support/temporary_folder.h"
#include "support/user_error.h"

namespace samsr {
namespace {
namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

const fs::path kFiles = SAMSR_TEST_WEIGHTS;

std::map<std::string, at::Tensor> by_name(const TensorFile& file) {
  std::map<std::string, at::Tensor> tensors(file.tensors.begin(), file.tensors.end());
  EXPECT_EQ(tensors.size(), file.tensors.size());
  return tensors;
}

/// Types, shapes, and every bit of the numbers.
void expect_equal(const TensorFile& actual, const TensorFile& expected) {
  const auto expected_tensors = by_name(expected);
  const auto actual_tensors = by_name(actual);
  EXPECT_EQ(actual_tensors.size(), expected_tensors.size());
  for (const auto& [name, tensor] : expected_tensors) {
    ASSERT_TRUE(actual_tensors.contains(name)) << name;
    const at::Tensor& other = actual_tensors.at(name);
    EXPECT_EQ(other.scalar_type(), tensor.scalar_type()) << name;
    ASSERT_EQ(other.sizes(), tensor.sizes()) << name;
    ASSERT_TRUE(other.is_contiguous()) << name;
    const std::size_t bytes = tensor.nbytes();  // of none, there is no address
    EXPECT_TRUE(bytes == 0 || std::memcmp(other.const_data_ptr(), tensor.const_data_ptr(), bytes) == 0) << name;
  }
}

/// Message of the error that reading the file ends in, which names it.
std::string refusal_of(const fs::path& path) {
  const std::string error = testing::error_of([&] { read_weights(path); });
  EXPECT_THAT(error, ::testing::AnyOf("no error", HasSubstr(path.string())));
  return error;
}

// ---- files written by PyTorch in Python (files/make.py) ----

struct RealFile {
  const char* name;
  const char* same_as;
  const char* container;
  const char* picked;
};

class WeightFileOfPython : public ::testing::TestWithParam<RealFile> {};

TEST_P(WeightFileOfPython, HoldsTheTensorsThatSafetensorsHold) {
  const TensorFile file = read_weights(kFiles / GetParam().name);
  expect_equal(file, read_safetensors(kFiles / GetParam().same_as));
  EXPECT_EQ(file.metadata.at("container"), GetParam().container);
  EXPECT_EQ(file.metadata.at("picked"), GetParam().picked);
}

constexpr const char* kZip = "PyTorch zip";
constexpr const char* kLegacy = "PyTorch before 1.6";
constexpr const char* kWhole = "the whole file";

INSTANTIATE_TEST_SUITE_P(All, WeightFileOfPython,
                         ::testing::Values(RealFile{"zip_types.pth", "types.safetensors", kZip, kWhole},
                                           RealFile{"legacy_types.pth", "types.safetensors", kLegacy, kWhole},
                                           RealFile{"zip_net.pth", "net.safetensors", kZip, kWhole},
                                           RealFile{"legacy_net.pth", "net.safetensors", kLegacy, kWhole},
                                           RealFile{"zip_protocol4.pth", "net.safetensors", kZip, kWhole},
                                           RealFile{"legacy_protocol4.pth", "net.safetensors", kLegacy, kWhole},
                                           RealFile{"zip_deflated.pth", "net.safetensors", kZip, kWhole},
                                           RealFile{"zip_module.pth", "net.safetensors", kZip, kWhole},
                                           RealFile{"zip_checkpoint.pth", "net.safetensors", kZip, "state_dict"},
                                           RealFile{"legacy_checkpoint.pth", "net.safetensors", kLegacy, "state_dict"},
                                           RealFile{"script.pt", "net.safetensors", "TorchScript", kWhole},
                                           RealFile{"trace.pt", "net.safetensors", "TorchScript", kWhole}),
                         [](const auto& param) {
                           std::string name = param.param.name;
                           std::replace(name.begin(), name.end(), '.', '_');
                           return name;
                         });

TEST(WeightFile, SaysWhatWasTakenAndWhatWasLeft) {
  const TensorFile file = read_weights(kFiles / "zip_checkpoint.pth");
  EXPECT_EQ(file.metadata.at("prefix_removed"), "module.");
  EXPECT_EQ(file.metadata.at("passed_over"), "epoch, optimizer, args, best");
  EXPECT_EQ(file.metadata.at("objects_not_made"), "argparse.Namespace");
  EXPECT_EQ(read_weights(kFiles / "legacy_params.pth").metadata.at("picked"), "params_ema");
  EXPECT_EQ(by_name(read_weights(kFiles / "zip_params.pth")).at("a").item<float>(), 1);
}

TEST(WeightFile, LeavesFiguresBesideTensorsOut) {
  for (const char* name : {"zip_numpy.pth", "legacy_numpy.pth"}) {
    const TensorFile file = read_weights(kFiles / name);
    ASSERT_EQ(file.tensors.size(), 1u);
    EXPECT_EQ(file.tensors[0].first, "w");
    EXPECT_EQ(file.metadata.at("passed_over"), "psnr, curve, where");
  }
}

TEST(WeightFile, ReadsTypesWithoutStorageClasses) {
  const auto tensors = by_name(read_weights(kFiles / "zip_new_types.pth"));
  EXPECT_TRUE(tensors.at("f8").to(torch::kFloat).equal(torch::tensor({1.5f, -2.0f})));
  EXPECT_EQ(tensors.at("u16").scalar_type(), torch::kUInt16);
  EXPECT_EQ(tensors.at("u16").const_data_ptr<std::uint16_t>()[1], 65535);
  EXPECT_EQ(tensors.at("u32").const_data_ptr<std::uint32_t>()[2], 2u);
}

TEST(WeightFile, NamesWhatItDoesNotCall) {
  for (const char* name : {"zip_hostile.pth", "legacy_hostile.pth"}) {
    EXPECT_THAT(refusal_of(kFiles / name),
                HasSubstr("its entry 'x' is made by 'posix.system', which is no tensor and was "
                          "not called"));
  }
  for (const char* name : {"zip_hostile_only.pth", "legacy_hostile_only.pth"}) {
    EXPECT_THAT(refusal_of(kFiles / name), HasSubstr("its content is made by 'posix.system'"));
  }
  EXPECT_THAT(refusal_of(kFiles / "zip_sparse.pth"), HasSubstr("'torch._utils._rebuild_sparse_tensor'"));
  EXPECT_THAT(refusal_of(kFiles / "zip_conjugated.pth"), HasSubstr("conjugated"));
}

// ---- files written by LibTorch, and made up ones ----

class WeightFileOnDisk : public ::testing::Test {
 protected:
  /// A zip as torch.save writes it, with storages "0", "1", … of those bytes.
  void write_zip(const std::string& pickle, const std::vector<std::string>& storages, bool deflate = false) const {
    caffe2::serialize::PyTorchStreamWriter writer(path_.string());
    writer.writeRecord("data.pkl", pickle.data(), pickle.size(), deflate);
    for (std::size_t i = 0; i < storages.size(); ++i) {
      writer.writeRecord("data/" + std::to_string(i), storages[i].data(), storages[i].size(), deflate);
    }
    writer.writeEndOfFile();
  }
  std::string refusal_of_pickle(const std::string& pickle, std::size_t storage_bytes = 24) const {
    write_zip(pickle, {std::string(storage_bytes, 'x')});
    return refusal_of(path_);
  }
  std::string refusal_of_bytes(const std::string& bytes) const {
    testing::write_text(path_, bytes);
    return refusal_of(path_);
  }

  const testing::TemporaryFolder folder_;
  const fs::path path_ = folder_ / "a.pth";
};

TEST_F(WeightFileOnDisk, ReadsWhatLibTorchWrites) {
  torch::nn::Sequential net(torch::nn::Linear(3, 4), torch::nn::BatchNorm1d(4));
  torch::save(net, path_.string());
  const auto tensors = by_name(read_weights(path_));
  EXPECT_EQ(tensors.size(), 7u);
  EXPECT_TRUE(tensors.at("0.weight").equal(net->named_parameters()["0.weight"]));
  EXPECT_TRUE(tensors.at("1.running_var").equal(net->named_buffers()["1.running_var"]));

  c10::Dict<std::string, at::Tensor> dict;
  dict.insert("a.b", torch::randn({3, 2}).t());
  const std::vector<char> bytes = torch::pickle_save(dict);
  write_file_atomically(path_, {bytes.data(), bytes.size()});
  EXPECT_TRUE(by_name(read_weights(path_)).at("a.b").equal(dict.at("a.b")));
}

TEST_F(WeightFileOnDisk, ReadsStoredAndDeflatedStorages) {
  const at::Tensor numbers = torch::randn({600});
  const std::string bytes(static_cast<const char*>(numbers.const_data_ptr()), numbers.nbytes());
  const std::string pickle =
      PickleWriter().raw("}").text("w").tensor("0", 600, 10, {5, 7}, {70, 1}).raw("s").finished();
  for (const bool deflate : {false, true}) {
    write_zip(pickle, {bytes}, deflate);
    EXPECT_TRUE(by_name(read_weights(path_)).at("w").equal(numbers.as_strided({5, 7}, {70, 1}, 10))) << deflate;
  }
}

TEST_F(WeightFileOnDisk, ReadsANameTwiceAsPythonDoes) {
  const std::string pickle = PickleWriter()
                                 .raw("}")
                                 .text("w")
                                 .tensor("0", 6, 0, {1}, {1})
                                 .raw("s")
                                 .text("w")
                                 .tensor("0", 6, 0, {2, 3}, {3, 1})
                                 .raw("s")
                                 .finished();
  write_zip(pickle, {std::string(24, 'x')});
  const TensorFile file = read_weights(path_);
  ASSERT_EQ(file.tensors.size(), 1u);
  EXPECT_EQ(file.tensors[0].second.dim(), 2);
}

TEST_F(WeightFileOnDisk, TellsFormatsByContent) {
  for (const char* name : {"zip_net.pth", "legacy_net.pth", "net.safetensors"}) {
    fs::copy_file(kFiles / name, path_, fs::copy_options::overwrite_existing);
    EXPECT_EQ(read_weights(path_).tensors.size(), 11u) << name;
  }
  EXPECT_THAT(refusal_of_bytes("<!DOCTYPE html>"), HasSubstr("a web page"));
  EXPECT_THAT(refusal_of_bytes("version https://git-lfs.github.com/spec/v1\n"), HasSubstr("Git LFS"));
  EXPECT_THAT(refusal_of_bytes("\n<html><head>"), HasSubstr("a web page"));
  EXPECT_THAT(refusal_of_bytes("{\"error\": \"Repository not found\"}"), HasSubstr("it is JSON"));
  EXPECT_THAT(refusal_of_bytes("\x1f\x8b\x08 compressed"), HasSubstr("unpack it"));
  EXPECT_THAT(refusal_of_bytes(""), HasSubstr("empty"));
  for (const char* page : {"<!DOCTYPE html><html>", "version https://git-lfs.github.com/spec/v1\noid", ""}) {
    testing::write_text(folder_ / "page.safetensors", page);
    EXPECT_THAT(refusal_of(folder_ / "page.safetensors"), HasSubstr("is no file of weights")) << page;
  }
  ASSERT_EQ(::mkfifo((folder_ / "pipe.pth").c_str(), 0600), 0);
  EXPECT_THAT(refusal_of(folder_ / "pipe.pth"), HasSubstr("is a pipe"));
  EXPECT_THAT(refusal_of_bytes(PickleWriter().raw("}").finished()), HasSubstr("neither safetensors nor PyTorch's"));
  EXPECT_THAT(refusal_of(folder_ / "missing.pth"), HasSubstr("No such file"));
  EXPECT_THAT(refusal_of(folder_.path()), HasSubstr("folder"));
}

TEST_F(WeightFileOnDisk, TakesAveragesBeforeTheWeightsOfTheLastStep) {
  /// A dict of dicts, each with a tensor "w" of as many numbers as its place says.
  const auto picked = [&](const std::vector<std::string>& keys) {
    PickleWriter writer;
    writer.raw("}");
    for (std::size_t i = 0; i < keys.size(); ++i) {
      const auto size = static_cast<std::int64_t>(i) + 1;
      writer.text(keys[i]).raw("}").text("w").tensor("0", 6, 0, {size}, {1}).raw("ss");
    }
    write_zip(writer.finished(), {std::string(24, 'x')});
    return read_weights(path_).metadata.at("picked");
  };
  EXPECT_EQ(picked({"model", "ema"}), "ema");
  EXPECT_EQ(picked({"state_dict", "model_ema"}), "model_ema");
  EXPECT_EQ(picked({"state_dict", "state_dict_ema"}), "state_dict_ema");
  EXPECT_EQ(picked({"params", "params_ema"}), "params_ema");
  EXPECT_EQ(picked({"ema", "params_ema"}), "params_ema");
  EXPECT_EQ(picked({"optimizer", "model"}), "model");
  // Settings of an average are no average.
  write_zip(PickleWriter()
                .raw("}")
                .text("ema")
                .raw("}")
                .text("decay")
                .integer(1)
                .raw("ss")
                .text("model")
                .raw("}")
                .text("w")
                .tensor("0", 6, 0, {2}, {1})
                .raw("ss")
                .finished(),
            {std::string(24, 'x')});
  EXPECT_EQ(read_weights(path_).metadata.at("picked"), "model");
}

TEST_F(WeightFileOnDisk, ReadsAveragedModels) {
  const auto names_in = [&](const std::vector<std::string>& names) {
    PickleWriter writer;
    writer.raw("}");
    for (const std::string& name : names) {
      const bool count = name == "n_averaged";
      writer.text(name).tensor("0", 6, 0, count ? std::vector<std::int64_t>{} : std::vector<std::int64_t>{2},
                               count ? std::vector<std::int64_t>{} : std::vector<std::int64_t>{1});
      writer.raw("s");
    }
    write_zip(writer.finished(), {std::string(24, 'x')});
    std::vector<std::string> found;
    for (const auto& [name, tensor] : read_weights(path_).tensors) {
      found.push_back(name);
    }
    return found;
  };
  using ::testing::ElementsAre;
  EXPECT_THAT(names_in({"n_averaged", "module.a", "module.b"}), ElementsAre("a", "b"));
  EXPECT_THAT(names_in({"module.module.a", "n_averaged"}), ElementsAre("a"));
  EXPECT_EQ(read_weights(path_).metadata.at("passed_over"), "n_averaged");
  EXPECT_THAT(names_in({"n_averaged", "a"}), ElementsAre("n_averaged", "a")) << "not AveragedModel's";
  EXPECT_THAT(names_in({"n_averaged"}), ElementsAre("n_averaged"));
}

TEST_F(WeightFileOnDisk, RefusesTensorsThatDoNotFitTheirStorage) {
  const auto refusal_of_tensor = [&](std::int64_t count, std::int64_t offset, const std::vector<std::int64_t>& sizes,
                                     const std::vector<std::int64_t>& strides) {
    return refusal_of_pickle(
        PickleWriter().raw("}").text("w").tensor("0", count, offset, sizes, strides).raw("s").finished());
  };
  constexpr std::int64_t kHuge = std::int64_t{1} << 62;
  EXPECT_EQ(refusal_of_tensor(6, 0, {2, 3}, {3, 1}), "no error");
  EXPECT_EQ(refusal_of_tensor(6, 5, {1}, {99}), "no error");
  EXPECT_EQ(refusal_of_tensor(6, 9, {0, 3}, {3, 1}), "no error");
  EXPECT_THAT(refusal_of_tensor(6, 1, {2, 3}, {3, 1}), HasSubstr("'w' reaches beyond its storage of 6 elements"));
  EXPECT_THAT(refusal_of_tensor(6, 0, {2, 3}, {4, 1}), HasSubstr("reaches beyond"));
  EXPECT_THAT(refusal_of_tensor(6, kHuge, {2}, {kHuge}), HasSubstr("reaches beyond"));
  EXPECT_THAT(refusal_of_tensor(6, 0, {3}, {kHuge}), HasSubstr("reaches beyond"));
  EXPECT_THAT(refusal_of_tensor(7, 0, {7}, {1}), HasSubstr("has 24 bytes, fewer than its pickle says"));
  EXPECT_THAT(refusal_of_tensor(kHuge, 0, {7}, {1}), HasSubstr("fewer than its pickle says"));
  EXPECT_THAT(refusal_of_tensor(6, 0, {kHuge, 8}, {0, 0}), HasSubstr("too large"));
  EXPECT_THAT(refusal_of_tensor(6, 0, {kHuge, kHuge, 0}, {0, 0, 0}), HasSubstr("too large"));
  EXPECT_THAT(refusal_of_tensor(6, 0, {100'000, 100'000}, {0, 0}), HasSubstr("40000000000 bytes"));
  EXPECT_THAT(refusal_of_tensor(6, 0, {2, 3}, {1}), HasSubstr("_rebuild_tensor_v2 arguments"));
  EXPECT_THAT(refusal_of_tensor(6, -1, {1}, {1}), HasSubstr("_rebuild_tensor_v2 arguments"));
  EXPECT_THAT(refusal_of_tensor(6, 0, {-1}, {1}), HasSubstr("_rebuild_tensor_v2 arguments"));
  EXPECT_THAT(refusal_of_pickle(PickleWriter().raw("}").text("w").tensor("7", 6, 0, {1}, {1}).raw("s").finished()),
              HasSubstr("lacks its entry 'a/data/7'"));
}

TEST_F(WeightFileOnDisk, RefusesPicklesThatBreakTheRules) {
  const auto error = [&](const std::string& instructions) {
    return refusal_of_pickle(PickleWriter().raw(instructions).finished());
  };
  EXPECT_THAT(refusal_of_pickle(""), HasSubstr("cut short"));
  EXPECT_THAT(error(""), HasSubstr("where there is none"));
  EXPECT_THAT(error("0"), HasSubstr("where there is none"));
  EXPECT_THAT(error("(0"), HasSubstr("where there is none"));
  EXPECT_THAT(error("]t"), HasSubstr("lacks a mark"));
  EXPECT_THAT(error("h\x05"), HasSubstr("does not have"));
  EXPECT_THAT(error("K\x01K\x02"
                    "a"),
              HasSubstr("no list"));
  EXPECT_THAT(error("K\x01K\x02K\x03s"), HasSubstr("no dict"));
  EXPECT_THAT(error("K\x01)R"), HasSubstr("no function"));
  EXPECT_THAT(error("cos\nsystem\nK\x01R"), HasSubstr("without a tuple"));
  EXPECT_THAT(error("K\x01Q"), HasSubstr("persistent id"));
  EXPECT_THAT(error("X\xff\xff\xff\xff"
                    "a"),
              HasSubstr("cut short"));
  EXPECT_THAT(error(std::string("\x8d\xff\xff\xff\xff\xff\xff\xff\xff", 9)), HasSubstr("cut short"));
  EXPECT_THAT(error("I1\n"), HasSubstr("instruction 0x49"));
  EXPECT_THAT(error("\x80\x09"), HasSubstr("protocol 9"));
  EXPECT_THAT(error("cos\nsystem\n(X\x04" + std::string(3, '\0') +
                    "true"
                    "tR"),
              HasSubstr("'os.system'"));
  EXPECT_THAT(error("ca\x1b[2Jb\nc\n)R"), AllOf(HasSubstr("a?[2Jb.c"), ::testing::Not(HasSubstr("\x1b"))));
  EXPECT_THAT(error("}"), HasSubstr("no tensors"));
  const std::string type = PickleWriter().raw("").storage("0", 6, "QInt8Storage").finished();
  EXPECT_THAT(refusal_of_pickle(type), HasSubstr("torch.QInt8Storage"));
  std::string derived = "ctorch._tensor\n_rebuild_from_type_v2\n";
  derived += "(" + derived + "N)Nt";
  EXPECT_THAT(error(derived + "R"), HasSubstr("_rebuild_from_type_v2 arguments"));
}

TEST_F(WeightFileOnDisk, BoundsNestingAndSharing) {
  EXPECT_THAT(refusal_of_pickle(PickleWriter().raw(std::string(100'000, ']') + std::string(99'999, 'a')).finished()),
              HasSubstr("nested too deep"));
  // A list that holds itself.
  EXPECT_THAT(refusal_of_pickle(PickleWriter().raw("]2a").finished()), HasSubstr("nested too deep"));
  // Lists of two references to the list before: 2^60 paths.
  std::string doubling = "]q" + std::string(1, '\0');
  for (char i = 0; i < 60; ++i) {
    doubling += std::string("](h") + i + "h" + i + "eq" + static_cast<char>(i + 1);
  }
  EXPECT_THAT(refusal_of_pickle(PickleWriter().raw(doubling).finished()), HasSubstr("nested too deep"));
  EXPECT_THAT(refusal_of_pickle(PickleWriter().raw(std::string(5'000'000, ']')).finished()),
              HasSubstr("2000000 values"));
}

TEST_F(WeightFileOnDisk, RefusesArchivesThatWouldFillTheMemory) {
  const std::string pickle =
      PickleWriter().raw("}").text("w").tensor("0", 1 << 24, 0, {1 << 24}, {1}).raw("s").finished();
  write_zip(pickle, {std::string(64 << 20, '\0')}, /*deflate=*/true);
  EXPECT_THAT(refusal_of(path_), HasSubstr("claim more bytes"));
}

/// Cut anywhere, and with any byte changed: one line, or weights; never another end.
class DamagedWeightFile : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override { ASSERT_GE(file_, 0); }
  void TearDown() override { ::close(file_); }

  /// In memory: a disk would take most of the time.
  std::string refusal_of_bytes(const std::string& bytes) const {
    EXPECT_EQ(::ftruncate(file_, static_cast<off_t>(bytes.size())), 0);
    EXPECT_EQ(::pwrite(file_, bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
    return refusal_of("/proc/self/fd/" + std::to_string(file_));
  }

  const int file_ = ::memfd_create("weights", MFD_CLOEXEC);
};

TEST_P(DamagedWeightFile, CutAnywhereIsRefused) {
  const std::string whole = read_file(kFiles / GetParam());
  for (std::size_t size = 0; size < whole.size(); size += size < 600 ? 1 : 37) {
    EXPECT_NE(refusal_of_bytes(whole.substr(0, size)), "no error") << size;
  }
}

TEST_P(DamagedWeightFile, NoByteCanDoHarm) {
  const std::string whole = read_file(kFiles / GetParam());
  std::size_t refused = 0;
  for (std::size_t at = 0; at < whole.size(); at += 3) {
    for (const char flip : {'\x01', '\x80', '\xff'}) {
      std::string damaged = whole;
      damaged[at] = static_cast<char>(damaged[at] ^ flip);
      refused += refusal_of_bytes(damaged) == "no error" ? 0 : 1;
    }
  }
  EXPECT_GT(refused, whole.size() / 10);
}

INSTANTIATE_TEST_SUITE_P(All, DamagedWeightFile,
                         ::testing::Values("zip_types.pth", "legacy_types.pth", "zip_deflated.pth", "net.safetensors"),
                         [](const auto& param) {
                           std::string name = param.param;
                           std::replace(name.begin(), name.end(), '.', '_');
                           return name;
                         });

TEST_F(WeightFileOnDisk, ADamagedStorageIsNamed) {
  std::string bytes = read_file(kFiles / "zip_net.pth");
  const at::Tensor weight = by_name(read_weights(kFiles / "zip_net.pth")).at("conv.weight");
  const std::size_t at = bytes.find(std::string(static_cast<const char*>(weight.const_data_ptr()), weight.nbytes()));
  ASSERT_NE(at, std::string::npos);
  bytes[at + 7] ^= 1;
  EXPECT_THAT(refusal_of_bytes(bytes), AllOf(HasSubstr("zip_net/data/0"), HasSubstr("CRC")));
}

TEST_F(WeightFileOnDisk, GoesToSafetensorsAndBackBitForBit) {
  for (const char* name : {"zip_types.pth", "zip_new_types.pth", "script.pt"}) {
    const TensorFile file = read_weights(kFiles / name);
    write_safetensors(path_, file);
    const TensorFile back = read_weights(path_);
    expect_equal(back, file);
    EXPECT_EQ(back.metadata, file.metadata);
  }
}

}  // namespace
}  // namespace samsr
