#include "bench/step_bench.h"

#include <ATen/DeviceAccelerator.h>
#include <torch/torch.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <functional>
#include <iostream>

#include "bench/step_models.h"
#include "comm/device.h"
#include "core/memory.h"
#include "models/weights/load_weights.h"
#include "train/faults/memory_estimate.h"
#include "train/report/step_profiler.h"
#include "train/step/train_step.h"

namespace samsr::bench {
namespace {

double milliseconds_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

void wait_for(c10::Device device) {
  if (device.is_cuda()) {
    at::accelerator::synchronizeDevice(device.index());
  }
}

/// As page-locked as the loader's batches are on their way to a GPU.
Batch pinned(Batch batch) {
  for (const BatchField& field : batch_fields()) {
    at::Tensor& tensor = batch.*field.tensor;
    if (tensor.defined()) {
      tensor = tensor.pin_memory();
    }
  }
  batch.noise = batch.noise.pin_memory();
  return batch;
}

std::optional<std::string> first_difference(const Checkpoint& a, const Checkpoint& b) {
  for (const auto& [part, file] : a.parts) {
    const auto& other = b.parts.at(part).tensors;
    for (std::size_t i = 0; i < file.tensors.size(); ++i) {
      const at::Tensor& one = file.tensors[i].second;
      if (std::memcmp(one.const_data_ptr(), other[i].second.const_data_ptr(), one.nbytes()) != 0) {
        return part + ": " + file.tensors[i].first;
      }
    }
  }
  return std::nullopt;
}

}  // namespace

/// The steps of one case.
class StepBench::Steps {
 public:
  Steps(StepBench& bench, const StepCase& each)
      : device_(bench.device_),
        timer_(bench.device_),
        plan_(each.batch, each.microbatch, bench.communicator_.rank(), bench.communicator_.size()),
        train_(train_settings(each, bench.lora_rank_)) {
    prepare_device(device_, {.tf32 = each.precision == "tf32", .deterministic = each.deterministic});
    const bool online = each.teacher == "online";
    bench.network_->unet()->recompute_activations(each.checkpoint_activations);
    SuperResolutionParts parts;
    parts.train = train_;
    parts.network = bench.network_;
    parts.average = bench.average_;
    parts.teacher = online ? bench.teacher_ : nullptr;
    parts.noise = seeded_noise(train_.seed);
    parts.timer = &timer_;
    recipe_ = make_samsr_recipe(std::move(parts));
    states_ = make_states(*recipe_, train_.ema_rate);
    states_.front().start_average();
    states_.front().connect(
        bench.communicator_,
        {.over = each.exchange, .alone = each.exchange == "auto" ? Alone::kNothing : Alone::kExchange});
    step_ = std::make_unique<TrainStep>(TrainStep::Parts{*recipe_, states_, plan_, train_, &timer_});
    torch::manual_seed(1);
    batch_ = noise_batch(bench.settings_, bench.paper_ ? 64 : 32, plan_.count, !online);
    recipe_->prepare(batch_);
    if (device_.is_cuda()) {
      batch_ = pinned(std::move(batch_));
    }
  }

  void run() {
    ++number_;
    step_->run(number_, [&] { return to_device(batch_, device_); });
    timer_.end_step();
  }

  std::vector<StepTimes> take_times() { return timer_.take(); }

  /// All that a checkpoint would hold, and back.
  Checkpoint save() const {
    Checkpoint checkpoint;
    checkpoint.step = number_;
    states_.front().save(checkpoint);
    for (auto& [name, part] : checkpoint.parts) {
      for (auto& [tensor_name, tensor] : part.tensors) {
        tensor = tensor.clone();  // on the CPU they are the network's own
      }
    }
    return checkpoint;
  }
  void load(const Checkpoint& checkpoint) {
    number_ = checkpoint.step;
    states_.front().load(checkpoint, "memory");
  }

 private:
  static TrainSettings train_settings(const StepCase& each, std::int64_t lora_rank) {
    TrainSettings train;
    train.lora.rank = lora_rank;
    train.precision = each.precision;
    train.checkpoint_activations = each.checkpoint_activations;
    train.deterministic = each.deterministic;
    train.graphs = each.graphs;
    return train;
  }

  const c10::Device device_;
  StepTimer timer_;
  const BatchPlan plan_;
  const TrainSettings train_;
  std::unique_ptr<Recipe> recipe_;
  std::vector<TrainableState> states_;
  std::unique_ptr<TrainStep> step_;
  Batch batch_;
  std::int64_t number_ = 0;
};

StepBench::StepBench(const std::string& size, std::int64_t lora_rank, c10::Device device, Communicator& communicator)
    : paper_(size == "paper"),
      device_(device),
      communicator_(communicator),
      settings_(paper_ ? paper_model() : quickstart_model()),
      lora_rank_(lora_rank),
      network_(std::make_shared<SuperResolutionModel>(settings_, 1)),
      average_(std::make_shared<LoadedModel>(
          LoadedModel{std::make_unique<SuperResolutionModel>(settings_, 1), &method_named("samsr")})) {
  network_->to(device);
  average_->model->to(device);
  SuperResolutionParts parts;
  parts.train.lora.rank = lora_rank;
  parts.network = network_;
  parts.average = average_;
  add_adapters(parts);
}

StepFigures StepBench::measure(const StepCase& each, int warm_up, int steps) {
  constexpr int kHostSteps = 3;
  if (each.teacher == "online" && !teacher_) {
    teacher_ = std::make_shared<SuperResolutionModel>(settings_, 2);
    teacher_->to(device_);
  }
  if (device_.is_cuda()) {
    at::accelerator::emptyCache();
    at::accelerator::resetPeakStats(device_.index());
  } else if (each.checkpoint_activations) {
    return_freed_memory_at_once();
  }
  Steps work(*this, each);
  for (int i = 0; i < warm_up; ++i) {
    work.run();
  }
  wait_for(device_);
  work.take_times();
  for (int i = 0; i < steps; ++i) {
    if (device_.is_cpu()) {
      communicator_.barrier();
    }
    work.run();
  }
  const std::vector<StepTimes> times = work.take_times();
  StepFigures figures;
  figures.peak_mb = communicator_.max(peak_gpu_memory_mb(device_).value_or(peak_memory_mb()));
  const auto over_steps = [&](const auto& of) {
    std::vector<double> slowest;
    for (const StepTimes& step : times) {
      slowest.push_back(communicator_.max(of(step)));
    }
    return median(slowest);
  };
  figures.ms = figures.phases.whole = over_steps([](const StepTimes& step) { return step.whole; });
  for (std::size_t phase = 0; phase < figures.phases.ms.size(); ++phase) {
    figures.phases.ms[phase] = over_steps([&](const StepTimes& step) { return step.ms[phase]; });
  }
  figures.host_ms = figures.ms;
  if (device_.is_cuda()) {
    std::vector<double> host;
    for (int i = 0; i < kHostSteps; ++i) {
      wait_for(device_);
      host.push_back(communicator_.max(milliseconds_of([&] { work.run(); })));
    }
    wait_for(device_);
    figures.host_ms = median(host);
  }
  return figures;
}

std::optional<std::string> StepBench::difference_when_resumed(const StepCase& each, int steps) {
  Checkpoint middle;
  Checkpoint end;
  {
    Steps work(*this, each);
    for (int i = 0; i < steps; ++i) {
      work.run();
    }
    middle = work.save();
    for (int i = 0; i < steps; ++i) {
      work.run();
    }
    end = work.save();
  }
  Steps resumed(*this, each);
  resumed.load(middle);
  for (int i = 0; i < steps; ++i) {
    resumed.run();
  }
  return first_difference(end, resumed.save());
}

void StepBench::profile(const StepCase& each, const std::string& folder) {
  constexpr int kProfiled = 2;
  Log log(std::cerr, communicator_.rank(), communicator_.size(), /*terminal=*/false);
  Steps work(*this, each);
  StepProfiler profiler(kProfiled, folder, communicator_.rank(), device_, log);
  constexpr int kWarmUp = 5;  // as many as the profiler leaves out on a GPU
  for (int i = 1; i <= kWarmUp + kProfiled; ++i) {
    profiler.before(i);
    work.run();
    if (i >= kWarmUp + kProfiled) {
      wait_for(device_);  // the last kernels are in the trace too
    }
    profiler.after();
  }
  profiler.finish();
}

std::optional<double> StepBench::operations(const StepCase& each) const {
  constexpr double kForward = 101.3e9;
  if (!paper_) {
    return std::nullopt;
  }
  // Three passes with gradient, each three forward passes' work, one without; online fifteen of the teacher.
  const double passes = 10 + (each.teacher == "online" ? static_cast<double>(settings_.diffusion.steps) : 0);
  return passes * kForward;
}

}  // namespace samsr::bench
