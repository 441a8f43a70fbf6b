#include "comm/work_queue_mpi.h"

#include <atomic>
#include <chrono>
#include <exception>
#include <mutex>
#include <thread>

namespace samsr {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kAsk = 1;     ///< work done since the last message; wants an item
constexpr int kReport = 2;  ///< work done since the last message
constexpr int kItem = 3;    ///< the item, or the number of items when all are dealt out

class MpiWorkQueue final : public WorkQueue {
 public:
  MpiWorkQueue(MPI_Comm world, std::uint64_t items) : items_(items), exceptions_(std::uncaught_exceptions()) {
    MPI_Comm_dup(world, &comm_);
    MPI_Comm_rank(comm_, &rank_);
    MPI_Comm_size(comm_, &size_);
    if (rank_ == 0) {
      by_rank_.resize(static_cast<std::size_t>(size_));
      server_ = std::thread([this] { serve(); });
    }
  }

  ~MpiWorkQueue() override {
    const bool failing = std::uncaught_exceptions() > exceptions_;
    stop_ = failing;
    if (server_.joinable()) {
      server_.join();
    }
    if (!failing) {  // collective: the others would not come
      MPI_Comm_free(&comm_);
    }
  }

  MpiWorkQueue(const MpiWorkQueue&) = delete;
  MpiWorkQueue& operator=(const MpiWorkQueue&) = delete;

  std::optional<std::uint64_t> next() override {
    std::uint64_t item = items_;
    if (rank_ == 0) {
      item = deal();
      enter(0, 0, item);
    } else if (!told_) {
      MPI_Sendrecv(&unsent_, 1, MPI_UINT64_T, 0, kAsk, &item, 1, MPI_UINT64_T, 0, kItem, comm_, MPI_STATUS_IGNORE);
      unsent_ = 0;
      sent_at_ = Clock::now();
      told_ = item == items_;
    }
    return item < items_ ? std::optional(item) : std::nullopt;
  }

  void report(std::uint64_t amount) override {
    using namespace std::chrono_literals;
    reported_ += amount;
    if (rank_ == 0) {
      enter(0, amount, std::nullopt);
      return;
    }
    unsent_ += amount;
    if (Clock::now() - sent_at_ > 500ms) {
      MPI_Send(&unsent_, 1, MPI_UINT64_T, 0, kReport, comm_);
      unsent_ = 0;
      sent_at_ = Clock::now();
    }
  }

  std::uint64_t reported() const override { return reported_; }

  std::vector<RankWork> by_rank() const override {
    const std::lock_guard lock(mutex_);
    return by_rank_;
  }

 private:
  /// What a rank has done since its last message, and the item that it was given now.
  void enter(int rank, std::uint64_t done, std::optional<std::uint64_t> given) {
    const std::lock_guard lock(mutex_);
    RankWork& work = by_rank_[static_cast<std::size_t>(rank)];
    work.reported += done;
    work.reported_of_item += done;
    if (given) {
      work.item = *given < items_ ? given : std::nullopt;
      work.reported_of_item = 0;
    }
  }

  std::uint64_t deal() {
    std::uint64_t item = next_.load();
    while (item < items_ && !next_.compare_exchange_weak(item, item + 1)) {
    }
    return item;
  }

  /// Answers until every other rank knows that nothing is left.
  void serve() {
    constexpr auto kPause = std::chrono::microseconds(500);
    for (int busy = size_ - 1; busy > 0 && !stop_;) {
      int found = 0;
      MPI_Status status;
      MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, comm_, &found, &status);
      if (found == 0) {
        std::this_thread::sleep_for(kPause);
        continue;
      }
      std::uint64_t done = 0;
      MPI_Recv(&done, 1, MPI_UINT64_T, status.MPI_SOURCE, status.MPI_TAG, comm_, MPI_STATUS_IGNORE);
      reported_ += done;
      if (status.MPI_TAG == kAsk) {
        const std::uint64_t item = deal();
        enter(status.MPI_SOURCE, done, item);
        MPI_Send(&item, 1, MPI_UINT64_T, status.MPI_SOURCE, kItem, comm_);
        busy -= item == items_ ? 1 : 0;
      } else {
        enter(status.MPI_SOURCE, done, std::nullopt);
      }
    }
  }

  const std::uint64_t items_;
  const int exceptions_;
  MPI_Comm comm_ = MPI_COMM_NULL;
  int rank_ = 0;
  int size_ = 1;
  std::atomic<std::uint64_t> next_ = 0;
  std::atomic<std::uint64_t> reported_ = 0;
  std::atomic<bool> stop_ = false;
  mutable std::mutex mutex_;
  std::vector<RankWork> by_rank_;  ///< on rank 0; guarded by mutex_
  bool told_ = false;
  std::uint64_t unsent_ = 0;
  Clock::time_point sent_at_ = Clock::now();
  std::thread server_;
};

}  // namespace

std::unique_ptr<WorkQueue> make_mpi_work_queue(MPI_Comm world, std::uint64_t items) {
  return std::make_unique<MpiWorkQueue>(world, items);
}

}  // namespace samsr
