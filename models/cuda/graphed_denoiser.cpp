#include "models/cuda/graphed_denoiser.h"

#include <ATen/autocast_mode.h>
#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAStream.h>
#include <torch/torch.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "core/kernels.h"
#include "models/cuda/graph.h"
#include "models/layers/autocast.h"

namespace samsr {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// Calls of a kind that go the usual way first: libraries choose kernels, and tables come to be that are made once.
constexpr int kUsualCalls = 3;
constexpr int kMostWithGradient = 2;

/// What calls have in common that can share a graph.
struct Kind {
  std::vector<std::int64_t> x;
  std::vector<std::int64_t> lq;
  at::ScalarType type;
  bool gradient;
  bool autocast;
  auto operator<=>(const Kind&) const = default;
};

/// A pass through the network, captured: it reads and writes the same memory every time.
class Pass {
 public:
  Pass(const Denoiser& denoiser, const std::vector<at::Tensor>& parameters, const at::Tensor& x,
       const at::Tensor& steps, const at::Tensor& lq, bool gradient)
      : parameters_(parameters), x_(x.detach().clone()), steps_(steps.clone()), lq_(lq.detach().clone()) {
    for (const at::Tensor& parameter : parameters) {
      places_.push_back(parameter.const_data_ptr());
    }
    c10::cuda::CUDACachingAllocator::emptyCache();  // the graphs keep memory of their own
    const WithoutAutocastCache each_pass_casts_weights_anew;
    at::Tensor output;
    forward_.capture([&] { output = denoiser(x_, steps_, lq_); });
    if (gradient) {
      output_gradient_ = at::zeros_like(output);
      const Autocast as_outside(x.device(), false);  // where backward passes are run
      backward_.emplace(forward_.pool()).capture([&] {
        gradients_ = torch::autograd::grad({output}, parameters, {output_gradient_});
      });
    }
    output_ = output.detach();
  }

  at::Tensor forward(const at::Tensor& x, const at::Tensor& steps, const at::Tensor& lq) {
    x_.copy_(x);
    steps_.copy_(steps);
    lq_.copy_(lq);
    forward_.replay();
    return output_.clone();
  }

  /// Gradients of the parameters, of the forward pass before, to be added to those that there are. Where there are none
  /// the parameter will keep what it is given, so that is not the graph's memory.
  std::vector<at::Tensor> backward(const at::Tensor& output_gradient) {
    output_gradient_.copy_(output_gradient);
    backward_->replay();
    std::vector<at::Tensor> found;
    found.reserve(gradients_.size());
    for (std::size_t i = 0; i < gradients_.size(); ++i) {
      found.push_back(parameters_[i].grad().defined() ? gradients_[i] : gradients_[i].clone());
    }
    return found;
  }

  /// Whether a forward pass waits for its backward pass, so that its activations must stay.
  bool awaited = false;

  /// Whether the parameters still lie where the graph reads them.
  bool reads(const std::vector<at::Tensor>& parameters) const {
    return std::ranges::equal(parameters, places_, {}, [](const at::Tensor& each) { return each.const_data_ptr(); });
  }

 private:
  /// Weights that autocast keeps cast within a scope would be read by the graph after they are gone.
  class WithoutAutocastCache {
   public:
    WithoutAutocastCache() : before_(at::autocast::is_autocast_cache_enabled()) {
      at::autocast::clear_cache();
      at::autocast::set_autocast_cache_enabled(false);
    }
    ~WithoutAutocastCache() { at::autocast::set_autocast_cache_enabled(before_); }

   private:
    const bool before_;
  };

  const std::vector<at::Tensor> parameters_;
  at::Tensor x_, steps_, lq_;
  at::Tensor output_;
  at::Tensor output_gradient_;
  std::vector<at::Tensor> gradients_;
  std::vector<const void*> places_;
  cuda::Graph forward_;
  std::optional<cuda::Graph> backward_;
};

/// What the backward pass of a call finds; goes with the graph of gradients that it belongs to.
struct Visit final : torch::CustomClassHolder {
  explicit Visit(std::shared_ptr<Pass> of) : pass(std::move(of)) { pass->awaited = true; }
  ~Visit() override { end(); }
  void end() {
    if (!ended) {
      pass->awaited = false;
      ended = true;
    }
  }
  const std::shared_ptr<Pass> pass;
  bool ended = false;
};

class Replayed final : public torch::autograd::Function<Replayed> {
 public:
  /// The parameters are arguments so that their gradients take the usual way, past whoever waits for them.
  static at::Tensor forward(AutogradContext* context, const c10::intrusive_ptr<Visit>& visit, const at::Tensor& x,
                            const at::Tensor& steps, const at::Tensor& lq, at::TensorList) {
    context->saved_data["visit"] = c10::IValue::make_capsule(visit);
    return visit->pass->forward(x, steps, lq);
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto visit = c10::static_intrusive_pointer_cast<Visit>(context->saved_data["visit"].toCapsule());
    TORCH_CHECK(!visit->ended, "a second backward pass through a replayed network");
    variable_list result(4);  // none for the visit, x, steps and lq
    const std::vector<at::Tensor> found = visit->pass->backward(gradients[0]);
    result.insert(result.end(), found.begin(), found.end());
    visit->end();
    return result;
  }
};

/// The map as it is, whose gradient comes laid out like the map, as a graph has it: sums over a gradient depend on how
/// it lies, and a call gives the same bits whether it is replayed or not.
class LaidOutLikeTheMap final : public torch::autograd::Function<LaidOutLikeTheMap> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& map) {
    context->saved_data["format"] = static_cast<std::int64_t>(map.suggest_memory_format());
    return map.view_as(map);
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto format = static_cast<at::MemoryFormat>(context->saved_data["format"].toInt());
    return {gradients[0].contiguous(format)};
  }
};

class GraphedDenoiser {
 public:
  GraphedDenoiser(Denoiser denoiser, std::vector<at::Tensor> parameters)
      : denoiser_(std::move(denoiser)), parameters_(std::move(parameters)) {}

  at::Tensor operator()(const at::Tensor& x, const at::Tensor& steps, const at::Tensor& lq) {
    const bool gradient = torch::GradMode::is_enabled();
    if (!can_be_captured(x, lq, gradient)) {
      return denoiser_(x, steps, lq);
    }
    const std::shared_ptr<Pass> pass = pass_for(x, steps, lq, gradient);
    if (!pass || pass->awaited) {
      const at::Tensor answer = denoiser_(x, steps, lq);
      return gradient ? LaidOutLikeTheMap::apply(answer) : answer;
    }
    return gradient ? Replayed::apply(c10::make_intrusive<Visit>(pass), x, steps, lq, at::TensorList(parameters_))
                    : pass->forward(x, steps, lq);
  }

 private:
  struct Entry {
    int calls = 0;
    std::shared_ptr<Pass> pass;
  };

  bool can_be_captured(const at::Tensor& x, const at::Tensor& lq, bool gradient) const {
    const bool on_default_stream = c10::cuda::getCurrentCUDAStream() == c10::cuda::getDefaultCUDAStream();
    if (!lq.defined() || !gpu_kernels(x) || on_default_stream) {
      return false;
    }
    return !gradient || (!x.requires_grad() && !lq.requires_grad() &&
                         std::ranges::all_of(parameters_, [](const at::Tensor& each) { return each.requires_grad(); }));
  }

  /// The graph for such a call, captured when its time has come; null before, and where memory does not suffice.
  std::shared_ptr<Pass> pass_for(const at::Tensor& x, const at::Tensor& steps, const at::Tensor& lq, bool gradient) {
    Entry& entry = passes_[{x.sizes().vec(), lq.sizes().vec(), x.scalar_type(), gradient,
                            at::autocast::is_autocast_enabled(x.device().type())}];
    if (entry.pass && !entry.pass->reads(parameters_)) {
      entry = {};
      with_gradient_ -= gradient ? 1 : 0;
    }
    if (!entry.pass && entry.calls++ == kUsualCalls && !(gradient && with_gradient_ == kMostWithGradient)) {
      try {
        entry.pass = std::make_shared<Pass>(denoiser_, parameters_, x, steps, lq, gradient);
        with_gradient_ += gradient ? 1 : 0;
      } catch (const c10::OutOfMemoryError&) {
        c10::cuda::CUDACachingAllocator::emptyCache();  // and go on as usual
      }
    }
    return entry.pass;
  }

  const Denoiser denoiser_;
  const std::vector<at::Tensor> parameters_;
  std::map<Kind, Entry> passes_;
  int with_gradient_ = 0;
};

}  // namespace

Denoiser graphed(Denoiser denoiser, std::vector<at::Tensor> parameters) {
  if (!own_kernels()) {
    return denoiser;
  }
  return [graphs = std::make_shared<GraphedDenoiser>(std::move(denoiser), std::move(parameters))](
             const at::Tensor& x, const at::Tensor& steps, const at::Tensor& lq) { return (*graphs)(x, steps, lq); };
}

}  // namespace samsr
