#pragma once

#include <ATen/core/Tensor.h>

namespace samsr {

/// The five pairs of prompts, good before bad, as CLIP's tokens: (10,77) int64, zeros behind the end token.
at::Tensor clipiqa_prompt_tokens();

}  // namespace samsr
