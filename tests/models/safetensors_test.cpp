#include "models/weights/safetensors.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <ctime>

#include "core/atomic_file.h"
#include "core/error.h"
#include "support/temporary_folder.h"
#include "support/user_error.h"

namespace samsr {
namespace {
namespace fs = std::filesystem;
using ::testing::AnyOf;
using testing::error_of;
using ::testing::HasSubstr;

class Safetensors : public ::testing::Test {
 protected:
  /// Message of the error that reading `bytes` ends in, which names the file.
  std::string refusal_of(const std::string& bytes) const {
    write_file_atomically(path_, bytes);
    const std::string error = error_of([&] { read_safetensors(path_); });
    EXPECT_THAT(error, AnyOf("no error", HasSubstr(path_.string())));
    return error;
  }
  static std::string with_header(const std::string& header, std::size_t data) {
    std::string bytes(8, '\0');
    for (std::size_t i = 0; i < 8; ++i) {
      bytes[i] = static_cast<char>(header.size() >> (8 * i) & 0xff);
    }
    return bytes + header + std::string(data, 'x');
  }
  std::string refusal_of_header(const std::string& header, std::size_t data) const {
    return refusal_of(with_header(header, data));
  }

  const testing::TemporaryFolder folder_;
  const fs::path path_ = folder_ / "a.safetensors";
};

TEST_F(Safetensors, KeepsTypesShapesOrderAndMetadata) {
  TensorFile file;
  file.metadata = {{"format", "samsr-model/1"}, {"config", "a: \"ü\"\nb: 2\n"}};
  file.tensors = {{"b", torch::randn({3, 4})},
                  {"bytes", torch::arange(5, torch::kUInt8)},
                  {"a", torch::randn({2, 3}).t()},
                  {"half", torch::randn({3}).to(torch::kHalf)},
                  {"bf16", torch::randn({1}).to(torch::kBFloat16)},
                  {"index", torch::arange(4)},
                  {"none", torch::empty({0, 7})},
                  {"scalar", torch::tensor(2.5)},
                  {"flag", torch::tensor({true, false})}};
  write_safetensors(path_, file);
  const TensorFile read = read_safetensors(path_);
  EXPECT_EQ(read.metadata, file.metadata);
  EXPECT_EQ(read_safetensors_metadata(path_), file.metadata);
  std::vector<std::string> order;
  for (const auto& [name, tensor] : read.tensors) {
    order.push_back(name);
    const auto original = std::find_if(file.tensors.begin(), file.tensors.end(),
                                       [&name = name](const auto& each) { return each.first == name; });
    ASSERT_NE(original, file.tensors.end());
    EXPECT_EQ(tensor.scalar_type(), original->second.scalar_type()) << name;
    EXPECT_TRUE(tensor.equal(original->second)) << name;
  }
  EXPECT_EQ(order, (std::vector<std::string>{"index", "b", "a", "none", "scalar", "half", "bf16", "bytes", "flag"}));
}

TEST_F(Safetensors, AreTheSameInMemory) {
  TensorFile file;
  file.metadata = {{"kind", "student"}};
  file.tensors = {{"a", torch::randn({3, 4})}, {"b", torch::randn({5}).to(torch::kHalf)}, {"none", torch::empty({0})}};
  write_safetensors(path_, file);
  const std::string bytes = read_file(path_);
  const TensorFile parsed = parse_safetensors(bytes, "memory");
  const TensorFile read = read_safetensors(path_);
  EXPECT_EQ(parsed.metadata, file.metadata);
  ASSERT_EQ(parsed.tensors.size(), 3U);
  for (std::size_t i = 0; i < parsed.tensors.size(); ++i) {
    EXPECT_EQ(parsed.tensors[i].first, read.tensors[i].first);
    EXPECT_TRUE(parsed.tensors[i].second.equal(read.tensors[i].second));
  }
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_THAT(error_of([&] { parse_safetensors(std::string_view(bytes).substr(0, size), "memory"); }),
                ::testing::StartsWith("memory: not a valid safetensors file"))
        << size;
  }
}

TEST_F(Safetensors, AlignsHeaderAndTensors) {
  TensorFile file;
  file.tensors = {{"odd", torch::zeros({3}, torch::kUInt8)}, {"wide", torch::zeros({2}, torch::kFloat64)}};
  write_safetensors(path_, file);
  const std::string bytes = read_file(path_);
  EXPECT_EQ(static_cast<unsigned char>(bytes[0]) % 8, 0);
  EXPECT_THAT(bytes, HasSubstr(R"("wide":{"dtype":"F64","shape":[2],"data_offsets":[0,16]})"));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_.path()), fs::directory_iterator()), 1);
}

TEST_F(Safetensors, RefusesFilesCutAnywhere) {
  TensorFile file;
  file.tensors = {{"a", torch::randn({3, 4})}};
  write_safetensors(path_, file);
  const std::string whole = read_file(path_);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_NE(refusal_of(whole.substr(0, size)), "no error") << size;
  }
  EXPECT_THAT(refusal_of(whole + "x"), HasSubstr("bytes of tensors"));
}

TEST_F(Safetensors, RefusesHeadersThatLie) {
  const std::string a = R"("a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]})";
  EXPECT_EQ(refusal_of_header("{" + a + "}", 8), "no error");
  EXPECT_THAT(refusal_of(std::string(8, '\xff')), HasSubstr("header would be"));
  EXPECT_THAT(refusal_of_header("[1,2]", 0), HasSubstr("no JSON object"));
  EXPECT_THAT(refusal_of_header("{\"a\":", 0), HasSubstr("no JSON object"));
  EXPECT_THAT(refusal_of_header("{" + a + "," + a + "}", 8), HasSubstr("'a' occurs twice"));
  EXPECT_THAT(refusal_of_header(R"({"a":{"dtype":"F32","shape":[2]}})", 8), HasSubstr("no dtype"));
  EXPECT_THAT(refusal_of_header(R"({"a":{"dtype":"Q4","shape":[2],"data_offsets":[0,8]}})", 8), HasSubstr("\"Q4\""));
  EXPECT_THAT(refusal_of_header(R"({"a":{"dtype":7,"shape":[2],"data_offsets":[0,8]}})", 8),
              HasSubstr("not supported"));
  EXPECT_THAT(refusal_of_header(R"({"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}})", 8), HasSubstr("12 bytes"));
  EXPECT_THAT(refusal_of_header(R"({"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}})", 8),
              HasSubstr("whole numbers"));
  EXPECT_THAT(refusal_of_header(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}})", 8), HasSubstr("8 to 0"));
  EXPECT_THAT(refusal_of_header(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,-8]}})", 8),
              HasSubstr("whole numbers"));
  EXPECT_THAT(refusal_of_header(R"({"a":{"dtype":"F32","shape":[4611686018427387904,8],"data_offsets":[0,8]}})", 8),
              HasSubstr("too large"));
  EXPECT_THAT(refusal_of_header("{" + a + R"(,"b":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}})", 8),
              HasSubstr("overlap"));
  EXPECT_THAT(refusal_of_header("{" + a + R"(,"b":{"dtype":"U8","shape":[4],"data_offsets":[12,16]}})", 16),
              HasSubstr("gap"));
  EXPECT_THAT(refusal_of_header(R"({"a":{"dtype":"U8","shape":[9999],"data_offsets":[0,9999]}})", 8),
              HasSubstr("9999"));
  EXPECT_THAT(refusal_of_header(R"({"__metadata__":{"a":1}})", 0), HasSubstr("metadata"));
  EXPECT_THAT(refusal_of_header(std::string(100'000, '['), 0), HasSubstr("no JSON object"));
}

TEST_F(Safetensors, RefusesShapesThatOverflowAroundAZero) {
  for (const char* shape : {"[0,4611686018427387904,8]", "[4611686018427387904,8,0]", "[9223372036854775808]",
                            "[0,9223372036854775807,2]", "[18446744073709551616]", "[1e3]", "[[2]]", "[\"2\"]", "2"}) {
    const std::string told =
        refusal_of_header(std::string(R"({"a":{"dtype":"F32","shape":)") + shape + R"(,"data_offsets":[0,0]}})", 0);
    EXPECT_THAT(told, HasSubstr("tensor 'a' has a shape")) << shape;
  }
  std::string ones = "1";
  for (int i = 0; i < 64; ++i) {
    ones += ",1";
  }
  EXPECT_THAT(refusal_of_header(R"({"a":{"dtype":"U8","shape":[)" + ones + R"(],"data_offsets":[0,1]}})", 1),
              HasSubstr("65 dimensions"));
}

TEST_F(Safetensors, ReadsAHeaderOfManyTensorsInTimeThatGrowsWithIt) {
  std::string header = "{";
  constexpr int kTensors = 100'000;
  for (int i = 0; i < kTensors; ++i) {
    header +=
        fmt::format(R"("t{}":{{"dtype":"U8","shape":[1],"data_offsets":[{},{}],"else":[{{}},[1]]}},)", i, i, i + 1);
  }
  header.back() = '}';
  // Looked up one by one in a list, as many names took minutes.
  const std::clock_t begin = std::clock();  // of this process, so that a busy machine does not count
  const TensorFile file = parse_safetensors(with_header(header, kTensors), "memory");
  EXPECT_LT(std::clock() - begin, 10 * CLOCKS_PER_SEC);
  EXPECT_EQ(file.tensors.size(), static_cast<std::size_t>(kTensors));
  write_safetensors(path_, file);
  EXPECT_LT(std::clock() - begin, 20 * CLOCKS_PER_SEC);
}

TEST_F(Safetensors, RefusesHeadersOfAnotherForm) {
  const std::string nested = std::string(1'000'000, '[') + std::string(1'000'000, ']');
  EXPECT_THAT(refusal_of_header(R"({"a":)" + nested + "}", 0), HasSubstr("no dtype"));
  EXPECT_THAT(refusal_of_header(R"({"a":{"dtype":)" + nested + "}}", 0), HasSubstr("no dtype"));
  EXPECT_THAT(refusal_of_header(R"({"a":{"shape":)" + nested + "}}", 0), HasSubstr("whole numbers"));
  EXPECT_THAT(refusal_of_header(R"({"a":7})", 0), HasSubstr("no dtype"));
  EXPECT_THAT(refusal_of_header(R"({"__metadata__":[]})", 0), HasSubstr("metadata"));
  EXPECT_THAT(refusal_of_header(R"({"__metadata__":{"a":{}}})", 0), HasSubstr("metadata"));
  EXPECT_THAT(refusal_of_header(R"({"__metadata__":{},"__metadata__":{}})", 0), HasSubstr("occurs twice"));
  EXPECT_THAT(refusal_of_header("{} {}", 0), HasSubstr("no JSON object"));
  EXPECT_THAT(
      refusal_of_header(R"({"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},)" + std::string(33 << 20, ' ') +
                            R"("b":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}})",
                        0),
      HasSubstr("header would be"));
}

TEST_F(Safetensors, SaysWhyAFileCannotBeRead) {
  EXPECT_THROW(read_safetensors(folder_.path()), UserError);
  EXPECT_THAT(error_of([&] { read_safetensors(folder_ / "missing"); }), HasSubstr("No such file"));
}

}  // namespace
}  // namespace samsr
