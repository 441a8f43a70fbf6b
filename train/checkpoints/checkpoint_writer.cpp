#include "train/checkpoints/checkpoint_writer.h"

#include <chrono>
#include <utility>

#include "core/memory.h"
#include "core/parallel.h"
#include "models/weights/load_weights.h"

namespace samsr {

CheckpointWriter::~CheckpointWriter() {
  if (thread_.joinable()) {
    thread_.join();
  }
}

void CheckpointWriter::begin(Checkpoint checkpoint, std::optional<BestCheckpoint> best, Tensors tensors,
                             std::function<void()> written) {
  state_ = tensors == Tensors::kTrained ? State::kCopying : State::kWriting;
  thread_ = std::thread([this, checkpoint = std::move(checkpoint), best = std::move(best), tensors,
                         written = std::move(written)]() mutable {
    try {
      if (tensors == Tensors::kTrained) {
        const OneCore one_core;
        for (auto& [part, file] : checkpoint.parts) {
          file = copy_of(file);
        }
        enter(State::kWriting);
      }
      write(checkpoint, best);
      if (written) {
        written();
      }
    } catch (...) {
      error_ = std::current_exception();
    }
    checkpoint.parts.clear();
    return_freed_memory();
    enter(State::kEnded);
  });
}

void CheckpointWriter::write(const Checkpoint& checkpoint, const std::optional<BestCheckpoint>& best) const {
  save_checkpoint(out_, checkpoint, keep_);
  if (best) {
    write_best(out_, *best);
  }
}

void CheckpointWriter::enter(State state) {
  {
    const std::lock_guard lock(mutex_);
    state_ = state;
  }
  changed_.notify_all();
}

void CheckpointWriter::await_copy() {
  std::unique_lock lock(mutex_);
  if (state_ != State::kCopying) {
    return;
  }
  const auto start = std::chrono::steady_clock::now();
  changed_.wait(lock, [&] { return state_ != State::kCopying; });
  waited_ms_ += std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

bool CheckpointWriter::ended() {
  const std::lock_guard lock(mutex_);
  return state_ == State::kEnded;
}

void CheckpointWriter::finish() {
  if (thread_.joinable()) {
    thread_.join();
  }
  if (error_) {
    std::rethrow_exception(std::exchange(error_, nullptr));
  }
}

}  // namespace samsr
