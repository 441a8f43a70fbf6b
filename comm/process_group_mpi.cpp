#include <mpi.h>
#include <torch/torch.h>

#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>
#include <torch/csrc/distributed/c10d/Backend.hpp>

#include "comm/process_group.h"

namespace samsr {
namespace {

/// One collective in flight. Its future is marked complete by the progress thread.
class MpiWork final : public c10d::Work {
 public:
  MpiWork(int rank, c10d::OpType type, std::vector<at::Tensor> tensors, CollectiveTimes& times)
      : Work(rank, type),
        times_(times),
        tensors_(std::move(tensors)),
        future_(c10::make_intrusive<c10::ivalue::Future>(c10::ListType::create(c10::TensorType::get()))) {}

  MPI_Request* request() { return &request_; }

  void complete() {
    times_.ended = std::chrono::steady_clock::now();
    future_->markCompleted(c10::IValue(tensors_));
    finish();
  }

  std::vector<at::Tensor> result() override { return tensors_; }
  c10::intrusive_ptr<c10::ivalue::Future> getFuture() override { return future_; }

 private:
  CollectiveTimes& times_;
  std::vector<at::Tensor> tensors_;
  c10::intrusive_ptr<c10::ivalue::Future> future_;
  MPI_Request request_ = MPI_REQUEST_NULL;
};

/// MPI moves non-blocking collectives forward only inside its own calls, so one thread keeps testing the
/// requests while the backward pass computes. It sleeps between tests: ranks often own one core each.
class ProgressThread {
 public:
  ProgressThread() : exceptions_(std::uncaught_exceptions()), thread_([this] { run(); }) {}

  /// Ends when the last request has; at once when an exception ends this rank, as the others may never answer.
  ~ProgressThread() {
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
      failing_ = std::uncaught_exceptions() > exceptions_;
    }
    wake_.notify_one();
    thread_.join();
    for (auto& work : pending_) {
      work.release();  // MPI may still write into its tensors
    }
  }

  void watch(c10::intrusive_ptr<MpiWork> work) {
    {
      const std::lock_guard lock(mutex_);
      pending_.push_back(std::move(work));
    }
    wake_.notify_one();
  }

 private:
  void run() {
    constexpr auto kPause = std::chrono::microseconds(50);
    std::unique_lock lock(mutex_);
    for (;;) {
      wake_.wait(lock, [this] { return stop_ || !pending_.empty(); });
      if (failing_ || pending_.empty()) {
        return;
      }
      // Requests complete in any order, but the first is what the others usually wait for.
      bool any = false;
      for (std::size_t i = 0; i < pending_.size();) {
        int done = 0;
        MPI_Test(pending_[i]->request(), &done, MPI_STATUS_IGNORE);
        if (done != 0) {
          const auto work = pending_[i];
          pending_.erase(pending_.begin() + static_cast<std::ptrdiff_t>(i));
          lock.unlock();
          work->complete();
          lock.lock();
          any = true;
        } else {
          ++i;
        }
      }
      if (!any) {
        lock.unlock();
        std::this_thread::sleep_for(kPause);
        lock.lock();
      }
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<c10::intrusive_ptr<MpiWork>> pending_;
  bool stop_ = false;
  bool failing_ = false;
  const int exceptions_;
  std::thread thread_;
};

MPI_Datatype mpi_type(at::ScalarType type) {
  switch (type) {
    case at::kFloat:
      return MPI_FLOAT;
    case at::kDouble:
      return MPI_DOUBLE;
    case at::kInt:
      return MPI_INT32_T;
    case at::kLong:
      return MPI_INT64_T;
    case at::kByte:
    case at::kBool:
      return MPI_UINT8_T;
    default:
      TORCH_CHECK(false, "the MPI backend exchanges no tensors of type ", type);
  }
}

MPI_Op mpi_operation(const c10d::ReduceOp& operation) {
  switch (static_cast<c10d::ReduceOp::RedOpType>(operation)) {
    case c10d::ReduceOp::SUM:
      return MPI_SUM;
    case c10d::ReduceOp::MAX:
      return MPI_MAX;
    case c10d::ReduceOp::MIN:
      return MPI_MIN;
    default:
      TORCH_CHECK(false, "the MPI backend reduces by sum, maximum or minimum only");
  }
}

const at::Tensor& single_dense(const std::vector<at::Tensor>& tensors) {
  TORCH_CHECK(tensors.size() == 1, "the MPI backend takes one tensor a call, got ", tensors.size());
  TORCH_CHECK(tensors[0].is_non_overlapping_and_dense() && tensors[0].device().is_cpu(),
              "the MPI backend takes dense CPU tensors");
  TORCH_CHECK(tensors[0].numel() <= std::numeric_limits<int>::max(), "a tensor of more than 2^31-1 elements");
  return tensors[0];
}

void check_mpi(int status, const char* call) {
  TORCH_CHECK(status == MPI_SUCCESS, call, " failed with MPI error ", status);
}

class MpiBackend final : public c10d::Backend {
 public:
  MpiBackend(int rank, int size, CollectiveTimes& times) : Backend(rank, size), times_(times) {
    MPI_Comm_dup(MPI_COMM_WORLD, &world_);
  }
  ~MpiBackend() override {
    progress_.reset();  // the communicator must outlive the last request
    if (std::uncaught_exceptions() == 0) {
      MPI_Comm_free(&world_);
    }
  }

  const std::string getBackendName() const override { return "samsr-mpi"; }

  c10::intrusive_ptr<c10d::Work> allreduce(std::vector<at::Tensor>& tensors,
                                           const c10d::AllreduceOptions& options) override {
    const at::Tensor& tensor = single_dense(tensors);
    return start(c10d::OpType::ALLREDUCE, tensors, [&](MPI_Request* request) {
      return MPI_Iallreduce(MPI_IN_PLACE, tensor.data_ptr(), static_cast<int>(tensor.numel()),
                            mpi_type(tensor.scalar_type()), mpi_operation(options.reduceOp), world_, request);
    });
  }

  c10::intrusive_ptr<c10d::Work> broadcast(std::vector<at::Tensor>& tensors,
                                           const c10d::BroadcastOptions& options) override {
    const at::Tensor& tensor = single_dense(tensors);
    return start(c10d::OpType::BROADCAST, tensors, [&](MPI_Request* request) {
      return MPI_Ibcast(tensor.data_ptr(), static_cast<int>(tensor.numel()), mpi_type(tensor.scalar_type()),
                        static_cast<int>(options.rootRank), world_, request);
    });
  }

  c10::intrusive_ptr<c10d::Work> allgather(std::vector<std::vector<at::Tensor>>& outputs,
                                           std::vector<at::Tensor>& inputs, const c10d::AllgatherOptions&) override {
    const at::Tensor& input = single_dense(inputs);
    TORCH_CHECK(outputs.size() == 1 && static_cast<int>(outputs[0].size()) == getSize(),
                "allgather needs one output a rank");
    // MPI gathers into one block; the outputs may lie anywhere.
    at::Tensor gathered = at::empty({getSize(), input.numel()}, input.options());
    auto work = start(c10d::OpType::ALLGATHER, outputs[0], [&](MPI_Request* request) {
      return MPI_Iallgather(input.data_ptr(), static_cast<int>(input.numel()), mpi_type(input.scalar_type()),
                            gathered.data_ptr(), static_cast<int>(input.numel()), mpi_type(input.scalar_type()), world_,
                            request);
    });
    work->wait();
    for (int i = 0; i < getSize(); ++i) {
      outputs[0][static_cast<std::size_t>(i)].copy_(gathered[i].view(input.sizes()));
    }
    return work;
  }

  c10::intrusive_ptr<c10d::Work> barrier(const c10d::BarrierOptions&) override {
    return start(c10d::OpType::BARRIER, {}, [&](MPI_Request* request) { return MPI_Ibarrier(world_, request); });
  }

 private:
  template <class Call>
  c10::intrusive_ptr<c10d::Work> start(c10d::OpType type, std::vector<at::Tensor> tensors, Call call) {
    auto work = c10::make_intrusive<MpiWork>(getRank(), type, std::move(tensors), times_);
    times_.begun = std::chrono::steady_clock::now();
    check_mpi(call(work->request()), c10d::opTypeToString(type).c_str());
    progress_->watch(work);
    return work;
  }

  CollectiveTimes& times_;
  MPI_Comm world_ = MPI_COMM_NULL;
  std::unique_ptr<ProgressThread> progress_ = std::make_unique<ProgressThread>();
};

}  // namespace

c10::intrusive_ptr<c10d::Backend> make_mpi_backend(int rank, int size, CollectiveTimes& times) {
  return c10::make_intrusive<MpiBackend>(rank, size, times);
}

}  // namespace samsr
