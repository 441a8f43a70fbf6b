#include "comm/mpi_work.h"

#include <ATen/ATen.h>
#include <ATen/DeviceAccelerator.h>
#include <c10/core/StreamGuard.h>

namespace samsr {
namespace {

/// What a future must know to make streams wait for its value.
std::vector<c10::Device> devices_of(std::optional<c10::Stream> side) {
  return side ? std::vector<c10::Device>{side->device()} : std::vector<c10::Device>{};
}

}  // namespace

MpiWork::MpiWork(int rank, c10d::OpType type, std::vector<at::Tensor> tensors, Call call, CollectiveTimes& times,
                 std::unique_ptr<StagedTensor> staged, std::optional<c10::Stream> side)
    : Work(rank, type),
      tensors_(std::move(tensors)),
      call_(std::move(call)),
      times_(times),
      staged_(std::move(staged)),
      side_(side),
      future_(
          c10::make_intrusive<c10::ivalue::Future>(c10::ListType::create(c10::TensorType::get()), devices_of(side))) {}

void MpiWork::begin() {
  begun_ = true;
  times_.begun = std::chrono::steady_clock::now();
  const at::Tensor nothing;
  const int status = call_(staged_ ? staged_->host() : tensors_.empty() ? nothing : tensors_.front(), &request_);
  TORCH_CHECK(status == MPI_SUCCESS, c10d::opTypeToString(opType_), " failed with MPI error ", status);
}

bool MpiWork::advance() try {
  if (!begun_) {
    if (staged_ && !staged_->ready()) {
      return false;
    }
    begin();
  }
  int done = 0;
  MPI_Test(&request_, &done, MPI_STATUS_IGNORE);
  if (done != 0) {
    complete();
  }
  return done != 0;
} catch (...) {  // of a GPU: nothing that it was given will come to an end
  future_->setErrorIfNeeded(std::current_exception());
  finish(std::current_exception());
  return true;
}

void MpiWork::complete() {
  times_.ended = std::chrono::steady_clock::now();
  const c10::OptionalStreamGuard guard(side_);  // where the future notes what its users have to wait for
  if (staged_) {
    staged_->copy_back();
  }
  future_->markCompleted(c10::IValue(tensors_));
  finish();
}

MpiProgress::MpiProgress(c10::Device device)
    : device_(device), exceptions_(std::uncaught_exceptions()), thread_([this] { run(); }) {}

MpiProgress::~MpiProgress() {
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

void MpiProgress::watch(c10::intrusive_ptr<MpiWork> work) {
  {
    const std::lock_guard lock(mutex_);
    pending_.push_back(std::move(work));
  }
  wake_.notify_one();
}

void MpiProgress::run() {
  constexpr auto kPause = std::chrono::microseconds(50);
  if (!device_.is_cpu()) {
    at::accelerator::setDeviceIndex(device_.index());  // of this thread; events would open a context on the first GPU
  }
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stop_ || !pending_.empty(); });
    if (failing_ || pending_.empty()) {
      return;
    }
    // Begun ones complete in any order, but the first is what the others usually wait for.
    bool any = false;
    for (std::size_t i = 0; i < pending_.size();) {
      const auto work = pending_[i];
      lock.unlock();
      const bool ended = work->advance();
      lock.lock();
      any = any || ended;
      if (ended) {
        pending_.erase(pending_.begin() + static_cast<std::ptrdiff_t>(i));
      } else if (work->begun()) {
        ++i;
      } else {
        break;  // no later one may be begun before it
      }
    }
    if (!any) {
      lock.unlock();
      std::this_thread::sleep_for(kPause);
      lock.lock();
    }
  }
}

}  // namespace samsr
