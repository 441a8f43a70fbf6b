#include "models/unet/windows.h"

#include <torch/torch.h>

#include "core/kernels.h"

namespace samsr {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// (B,H,W,C) -> (B, windows, w·w, C).
at::Tensor partition(const at::Tensor& map, std::int64_t w) {
  const std::int64_t rows = map.size(1) / w;
  const std::int64_t columns = map.size(2) / w;
  return map.view({map.size(0), rows, w, columns, w, map.size(3)})
      .permute({0, 1, 3, 2, 4, 5})
      .reshape({map.size(0), rows * columns, w * w, map.size(3)});
}

/// (B, windows, w·w, C) -> (B,height,width,C).
at::Tensor merge(const at::Tensor& windows, std::int64_t w, std::int64_t height, std::int64_t width) {
  const std::int64_t channels = windows.size(3);
  return windows.reshape({windows.size(0), height / w, width / w, w, w, channels})
      .permute({0, 1, 3, 2, 4, 5})
      .reshape({windows.size(0), height, width, channels});
}

Windows saved_windows(AutogradContext* context) {
  return {context->saved_data["window"].toInt(), context->saved_data["shift"].toInt()};
}

void save_windows(AutogradContext* context, const Windows& how) {
  context->saved_data["window"] = how.window;
  context->saved_data["shift"] = how.shift;
}

class WindowsOfMap : public torch::autograd::Function<WindowsOfMap> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& map, const Windows& how) {
    save_windows(context, how);
    context->saved_data["height"] = map.size(2);
    context->saved_data["width"] = map.size(3);
    return cuda::windows_of(map, how);
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    return {cuda::map_of_windows(gradients[0].contiguous(), saved_windows(context),
                                 context->saved_data["height"].toInt(), context->saved_data["width"].toInt(), {}),
            {}};
  }
};

class SumWithWindows : public torch::autograd::Function<SumWithWindows> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& map, const at::Tensor& windows,
                            const Windows& how) {
    save_windows(context, how);
    return cuda::map_of_windows(windows.contiguous(), how, map.size(2), map.size(3), map);
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    return {gradients[0],
            cuda::windows_of(gradients[0].contiguous(at::MemoryFormat::ChannelsLast), saved_windows(context)),
            {}};
  }
};

bool windows_have_kernel(const at::Tensor& map) {
  return gpu_kernels(map) && (map.scalar_type() == at::kFloat || map.scalar_type() == at::kBFloat16) &&
         map.is_contiguous(at::MemoryFormat::ChannelsLast);
}

}  // namespace

at::Tensor windows_of(const at::Tensor& map, const Windows& how) {
  if (windows_have_kernel(map)) {
    return WindowsOfMap::apply(map, how);
  }
  at::Tensor h = map.permute({0, 2, 3, 1});
  if (how.shift > 0) {
    h = h.roll({-how.shift, -how.shift}, {1, 2});
  }
  return partition(h, how.window);
}

at::Tensor sum_with_windows(const at::Tensor& map, const at::Tensor& windows, const Windows& how) {
  if (windows_have_kernel(map) && windows.scalar_type() == map.scalar_type()) {
    return SumWithWindows::apply(map, windows, how);
  }
  at::Tensor h = merge(windows, how.window, map.size(2), map.size(3));
  if (how.shift > 0) {
    h = h.roll({how.shift, how.shift}, {1, 2});
  }
  return map + h.permute({0, 3, 1, 2});
}

}  // namespace samsr
