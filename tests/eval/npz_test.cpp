#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include "core/atomic_file.h"
#include "eval/metrics/fid/npy_header.h"
#include "eval/metrics/fid/npz_file.h"
#include "eval/metrics/fid/set_statistics.h"
#include "support/files.h"
#include "support/temporary_folder.h"
#include "support/user_error.h"

namespace samsr {
namespace {

using ::testing::AllOf;
using testing::error_of;
using ::testing::HasSubstr;
using ::testing::Not;

const std::filesystem::path kCorpus = std::filesystem::path(SAMSR_FUZZ_CORPUS) / "npz";

/// A file's beginning with this dict.
std::string header(const std::string& dict) {
  return std::string("\x93NUMPY\1\0", 8) + static_cast<char>(dict.size()) + '\0' + dict;
}

std::string refusal(const std::string& bytes) {
  return error_of([&] { parse_npy_header(bytes); });
}

TEST(Npz, WhatIsWrittenIsReadAndHasTheSameBytesAgain) {
  const testing::TemporaryFolder scratch;
  const at::Tensor matrix = at::arange(12, at::kDouble).view({3, 4}).t();
  const NamedArrays arrays = {{"a", matrix}, {"b", at::tensor({1.5F, -2.5F})}, {"none", at::empty({0, 3})}};
  write_npz(arrays, scratch / "x.npz");
  const NamedArrays back = read_npz(scratch / "x.npz", {"b", "nowhere", "a", "none"});
  ASSERT_EQ(back.size(), 3U);
  EXPECT_EQ(back[0].first, "b");
  EXPECT_TRUE(back[0].second.equal(arrays[1].second));
  EXPECT_TRUE(back[1].second.equal(matrix));
  EXPECT_EQ(back[2].second.sizes(), at::IntArrayRef({0, 3}));
  write_npz(arrays, scratch / "y.npz");
  EXPECT_EQ(read_file(scratch / "x.npz"), read_file(scratch / "y.npz"));
}

// Made by numpy (tests/fuzz/make_corpus.py): mu = [0, 1], sigma = [[2, 0.5], [0.5, 1]].
TEST(Npz, NumpysFilesAreRead) {
  const at::Tensor sigma = at::tensor({2.0, 0.5, 0.5, 1.0}, at::kDouble).view({2, 2});
  for (const char* file : {"savez.npz", "savez_compressed.npz", "fortran_float32.npz", "version2.npz"}) {
    const SetStatistics read = read_statistics(kCorpus / file);
    EXPECT_TRUE(read.mean.equal(at::tensor({0.0, 1.0}, at::kDouble))) << file;
    EXPECT_TRUE(read.covariance.equal(sigma)) << file;
    EXPECT_EQ(read.protocol, "");
  }
  const NamedArrays ordered = read_npz(kCorpus / "order.npz", {"rows", "columns"});
  ASSERT_EQ(ordered.size(), 2U);
  EXPECT_TRUE(ordered[0].second.equal(at::arange(6, at::kDouble).view({2, 3})));
  EXPECT_TRUE(ordered[1].second.equal(ordered[0].second)) << "Fortran's order";
}

TEST(Npz, PythonObjectsAndOtherNumbersAreRefused) {
  EXPECT_THAT(error_of([] { read_statistics(kCorpus / "objects.npz"); }),
              AllOf(HasSubstr("objects.npz: array 'mu'"), HasSubstr("its numbers are '|O', expected '<f8'")));
  EXPECT_THAT(refusal(header("{'descr': '>f8', 'fortran_order': False, 'shape': (2,), }")), HasSubstr("'>f8'"));
  EXPECT_THAT(refusal(header("{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (2,), }")),
              HasSubstr("other things than numbers"));
}

TEST(Npz, DamagedHeadersAreRefused) {
  for (const char* dict : {"", "{", "{}", "{'descr': '<f8'}", "{'descr': '<f8', 'fortran_order': 1, 'shape': ()}",
                           "{'descr': '<f8', 'fortran_order': False, 'shape': (-1,)}",
                           "{'descr': '<f8', 'fortran_order': False, 'shape': (1,)} x",
                           "{'descr': '<f8', 'fortran_order': False, 'shape': (1 2)}",
                           "{'descr' '<f8', 'fortran_order': False, 'shape': (1,)}", "{'x': '<f8'}"}) {
    EXPECT_THAT(refusal(header(dict)), Not(HasSubstr("no error"))) << dict;
  }
  EXPECT_THAT(refusal(header("{'descr': '<f8', 'fortran_order': False, 'shape': (99999999, 99999999, 9999)}")),
              HasSubstr("larger than any array's"));
  EXPECT_THAT(refusal(header("{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999999999,)}")),
              HasSubstr("larger than any array's"));
  EXPECT_THAT(refusal("NUMPY"), HasSubstr("no array of NumPy's"));
  EXPECT_THAT(refusal(std::string("\x93NUMPY\1\0\xff\xff{}", 12)), HasSubstr("cut short in its header"));
  EXPECT_THAT(refusal(std::string("\x93NUMPY\4\0\2\0\0\0{}", 14)), HasSubstr("versions 1 to 3"));
}

TEST(Npz, AFileThatIsCutOrClaimsMoreIsRefusedByItsName) {
  const testing::TemporaryFolder scratch;
  write_statistics(at::rand({5, 3}), "", scratch / "x.npz");
  const std::string whole = read_file(scratch / "x.npz");
  for (std::size_t size = 0; size < whole.size(); size += 7) {
    testing::write_text(scratch / "cut.npz", whole.substr(0, size));
    EXPECT_THAT(error_of([&] { read_statistics(scratch / "cut.npz"); }), HasSubstr("cut.npz")) << size;
  }
  EXPECT_THAT(error_of([&] { read_npz(scratch / "absent.npz", {"mu"}); }), HasSubstr("absent.npz: no such file"));
  // One changed byte of the numbers: zip files carry a checksum.
  std::string changed = whole;
  changed[whole.find("NUMPY") + 130] ^= 1;
  testing::write_text(scratch / "changed.npz", changed);
  EXPECT_THAT(error_of([&] { read_statistics(scratch / "changed.npz"); }),
              AllOf(HasSubstr("changed.npz"), HasSubstr("mu.npy")));
}

TEST(SetStatistics, AreReadBackWithTheirProtocol) {
  const testing::TemporaryFolder scratch;
  const at::Tensor features = at::rand({9, 4});
  write_statistics(features, "a protocol", scratch / "s.npz");
  const SetStatistics back = read_statistics(scratch / "s.npz");
  EXPECT_TRUE(back.mean.allclose(features.to(at::kDouble).mean(0)));
  EXPECT_TRUE(back.covariance.allclose(at::cov(features.to(at::kDouble).t())));
  EXPECT_EQ(back.protocol, "a protocol");
}

TEST(SetStatistics, WhatIsNoStatisticsIsRefused) {
  const testing::TemporaryFolder scratch;
  const at::Tensor mean = at::zeros({2}, at::kDouble);
  const auto error = [&](const NamedArrays& arrays) {
    write_npz(arrays, scratch / "s.npz");
    return error_of([&] { read_statistics(scratch / "s.npz"); });
  };
  EXPECT_THAT(error({{"mu", mean}}), AllOf(HasSubstr("s.npz"), HasSubstr("no array 'sigma'")));
  EXPECT_THAT(error({{"mu", mean}, {"sigma", at::eye(3, at::kDouble)}}), HasSubstr("3x3, expected 2"));
  EXPECT_THAT(error({{"mu", at::eye(2)}, {"sigma", at::eye(2)}}), HasSubstr("'mu' has 2 dimensions, expected 1"));
  EXPECT_THAT(error({{"mu", mean / 0}, {"sigma", at::eye(2)}}), HasSubstr("'mu' holds numbers that are not finite"));
  EXPECT_THAT(error({{"mu", mean}, {"sigma", at::eye(2, at::kDouble) * 1e200}}), HasSubstr("beyond 1e+30"));
  EXPECT_THAT(error({{"mu", mean}, {"sigma", at::tensor({1.0, 2.0, 3.0, 4.0}).view({2, 2})}}),
              HasSubstr("not symmetric"));
  EXPECT_THAT(error({{"mu", mean.to(at::kByte)}, {"sigma", at::eye(2)}}), HasSubstr("floating-point"));
}

}  // namespace
}  // namespace samsr
