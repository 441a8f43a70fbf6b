#pragma once
// Collectives of MPI in flight, as c10d sees them.

#include <mpi.h>

#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <torch/csrc/distributed/c10d/Work.hpp>
#include <vector>

#include "comm/process_group.h"
#include "comm/staged_tensor.h"

namespace samsr {

/// One collective. Its future is marked complete by the progress thread.
class MpiWork final : public c10d::Work {
 public:
  /// Begins the collective on the memory of a tensor, undefined for one without; MPI's status.
  using Call = std::function<int(const at::Tensor& memory, MPI_Request* request)>;

  /// `tensors`: its results, of which the first is exchanged: itself, or through `staged`, which may be null. `side`:
  /// the stream of a GPU for the way back.
  MpiWork(int rank, c10d::OpType type, std::vector<at::Tensor> tensors, Call call, CollectiveTimes& times,
          std::unique_ptr<StagedTensor> staged, std::optional<c10::Stream> side);

  bool begun() const { return begun_; }
  void begin();
  /// Moves it on, begins it as soon as its memory is ready; true when it has ended. Never waits, never throws.
  bool advance();

  std::vector<at::Tensor> result() override { return tensors_; }
  c10::intrusive_ptr<c10::ivalue::Future> getFuture() override { return future_; }
  /// The caller's stream waits for the way back of a tensor on a GPU.
  void synchronize() override { future_->wait(); }

 private:
  void complete();

  const std::vector<at::Tensor> tensors_;
  const Call call_;
  CollectiveTimes& times_;
  const std::unique_ptr<StagedTensor> staged_;
  const std::optional<c10::Stream> side_;
  const c10::intrusive_ptr<c10::ivalue::Future> future_;
  bool begun_ = false;
  MPI_Request request_ = MPI_REQUEST_NULL;
};

/// MPI moves non-blocking collectives forward only inside its own calls, so one thread keeps testing the
/// requests while the backward pass computes. It sleeps between tests: ranks often own one core each.
class MpiProgress {
 public:
  /// `device`: of the tensors.
  explicit MpiProgress(c10::Device device);

  /// Ends when the last request has; at once when an exception ends this rank, as the others may never answer.
  ~MpiProgress();

  /// Those that are not begun yet are begun here in the order in which they were handed in, the same on every rank.
  void watch(c10::intrusive_ptr<MpiWork> work);

 private:
  void run();

  const c10::Device device_;
  const int exceptions_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<c10::intrusive_ptr<MpiWork>> pending_;
  bool stop_ = false;
  bool failing_ = false;
  std::thread thread_;
};

}  // namespace samsr
