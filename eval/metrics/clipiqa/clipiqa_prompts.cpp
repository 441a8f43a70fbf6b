#include "eval/metrics/clipiqa/clipiqa_prompts.h"

#include <ATen/ATen.h>

#include <array>

namespace samsr {
namespace {

constexpr std::int64_t kContextLength = 77;
constexpr std::int64_t kBegin = 49406;
constexpr std::int64_t kEnd = 49407;

// What CLIP's byte-pair vocabulary makes of the prompts, between the begin and the end token.
constexpr std::array<std::array<std::int64_t, 4>, 10> kPrompts = {{
    {886, 2867},              // Good image
    {2103, 2867},             // bad image
    {8157, 2867},             // Sharp image
    {21977, 2867},            // blurry image
    {8157, 20938},            // sharp edges
    {21977, 20938},           // blurry edges
    {1400, 9977, 2867},       // High resolution image
    {1042, 9977, 2867},       // low resolution image
    {9307, 268, 1139, 2867},  // Noise-free image
    {33495, 2867},            // noisy image
}};

}  // namespace

at::Tensor clipiqa_prompt_tokens() {
  at::Tensor tokens = at::zeros({static_cast<std::int64_t>(kPrompts.size()), kContextLength}, at::kLong);
  auto* row = tokens.mutable_data_ptr<std::int64_t>();
  for (const auto& prompt : kPrompts) {
    auto* next = row;
    *next++ = kBegin;
    for (const std::int64_t token : prompt) {
      if (token != 0) {
        *next++ = token;
      }
    }
    *next = kEnd;
    row += kContextLength;
  }
  return tokens;
}

}  // namespace samsr
