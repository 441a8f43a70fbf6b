#include "segmentation/automatic/rle.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <optional>

#include "core/error.h"

namespace samsr {
namespace {

constexpr char kZero = '0';           // the character of six bits 0
constexpr std::int64_t kMore = 0x20;  // another character follows
constexpr std::int64_t kSign = 0x10;

/// Appends one number, five bits a character, the lowest first.
void append_number(std::string& text, std::int64_t number) {
  bool more = true;
  while (more) {
    std::int64_t bits = number & 0x1f;
    number >>= 5;
    more = (bits & kSign) != 0 ? number != -1 : number != 0;
    text += static_cast<char>(kZero + (more ? bits | kMore : bits));
  }
}

/// Takes one number off the front of the text; empty when it is malformed.
std::optional<std::int64_t> take_number(std::string_view& text) {
  std::int64_t number = 0;
  for (int shift = 0; !text.empty() && shift < 40; shift += 5) {
    const std::int64_t bits = text.front() - kZero;
    text.remove_prefix(1);
    if (bits < 0 || bits > 0x3f) {
      return {};
    }
    number |= (bits & 0x1f) << shift;
    if ((bits & kMore) == 0) {
      return (bits & kSign) != 0 ? number | -(std::int64_t{1} << (shift + 5)) : number;
    }
  }
  return {};
}

}  // namespace

std::vector<std::uint32_t> run_lengths(const at::Tensor& mask) {
  TORCH_CHECK(mask.dim() == 2 && mask.scalar_type() == at::kByte && mask.is_cpu(), "a mask is (H, W) uint8 on the CPU");
  const at::Tensor columns = mask.t().contiguous();
  const auto* pixel = columns.data_ptr<std::uint8_t>();
  std::vector<std::uint32_t> runs;
  bool value = false;
  std::uint32_t length = 0;
  for (std::int64_t i = 0; i < columns.numel(); ++i) {
    if ((pixel[i] != 0) != value) {
      runs.push_back(length);
      length = 0;
      value = !value;
    }
    ++length;
  }
  runs.push_back(length);
  return runs;
}

std::string coco_rle(const at::Tensor& mask) {
  const std::vector<std::uint32_t> runs = run_lengths(mask);
  std::string text;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    // The first three stand alone: a run of 1 before the first one of 0 does not exist to differ from.
    append_number(text, std::int64_t{runs[i]} - (i > 2 ? std::int64_t{runs[i - 2]} : 0));
  }
  return text;
}

at::Tensor decode_coco_rle(std::string_view counts, std::int64_t height, std::int64_t width) {
  at::Tensor columns = at::zeros({width, height}, at::kByte);
  auto* pixel = columns.data_ptr<std::uint8_t>();
  std::int64_t left = columns.numel();
  std::vector<std::int64_t> runs;
  std::string_view rest = counts;
  while (!rest.empty()) {
    const std::optional<std::int64_t> number = take_number(rest);
    const std::int64_t run = number.value_or(-1) + (number && runs.size() > 2 ? runs[runs.size() - 2] : 0);
    if (run < 0 || run > left) {
      throw UserError("run-length text of a mask: run {} is malformed or leaves the {} x {} pixels", runs.size(),
                      height, width);
    }
    std::fill_n(pixel, run, static_cast<std::uint8_t>(runs.size() % 2));
    pixel += run;
    left -= run;
    runs.push_back(run);
  }
  if (left != 0) {
    throw UserError("run-length text of a mask ends {} pixels before the {} x {} are full", left, height, width);
  }
  return columns.t().contiguous();
}

}  // namespace samsr
