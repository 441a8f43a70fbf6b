#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "train/checkpoints/best_checkpoint.h"
#include "train/checkpoints/checkpoint.h"

namespace samsr {

/// Writes checkpoints beside the training: a thread copies the tensors while the next step computes its gradients, and
/// then writes the copies. One checkpoint at a time.
class CheckpointWriter {
 public:
  /// Into the run's folder `out`, of which `keep` checkpoints stay (save_checkpoint).
  CheckpointWriter(std::filesystem::path out, int keep) : out_(std::move(out)), keep_(keep) {}
  /// Waits until what was begun is on the disk, or has failed.
  ~CheckpointWriter();
  CheckpointWriter(const CheckpointWriter&) = delete;
  CheckpointWriter& operator=(const CheckpointWriter&) = delete;

  /// Whose memory the tensors of a checkpoint are in.
  enum class Tensors : std::uint8_t {
    kTrained,  ///< that of what is trained: they must stay as they are until await_copy()
    kCopied,
  };

  /// Begins to save `checkpoint` and, when it is on the disk, that it is the best one yet. None may be under way:
  /// finish() comes first. `written` is called on the writer's thread once the checkpoint is whole.
  void begin(Checkpoint checkpoint, std::optional<BestCheckpoint> best, Tensors tensors,
             std::function<void()> written = {});
  /// Saves it while the caller waits, without a copy.
  void write(const Checkpoint& checkpoint, const std::optional<BestCheckpoint>& best) const;
  /// Returns when the tensors may change.
  void await_copy();
  /// Milliseconds that await_copy() has waited since this was last asked.
  double take_waited_ms() { return std::exchange(waited_ms_, 0.0); }
  /// Whether finish() would return, or throw, at once.
  bool ended();
  /// Returns when the checkpoint is on the disk; throws what kept it from there. Nothing to do where none was begun.
  void finish();

 private:
  enum class State : std::uint8_t { kCopying, kWriting, kEnded };

  void enter(State state);

  const std::filesystem::path out_;
  const int keep_;
  std::mutex mutex_;
  std::condition_variable changed_;
  State state_ = State::kEnded;
  std::exception_ptr error_;
  std::thread thread_;
  double waited_ms_ = 0;
};

}  // namespace samsr
