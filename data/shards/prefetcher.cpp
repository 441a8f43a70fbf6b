#include "data/shards/prefetcher.h"

namespace samsr {

Prefetcher::Prefetcher(const BatchSource& source, BatchSequence sequence, int threads, int depth, Finish finish)
    : source_(source), sequence_(sequence), depth_(static_cast<std::uint64_t>(depth)), finish_(std::move(finish)) {
  for (int i = 0; i < threads; ++i) {
    threads_.emplace_back([this] { work(); });
  }
}

Prefetcher::~Prefetcher() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) {
    thread.join();
  }
}

void Prefetcher::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || claimed_ < handed_out_ + depth_; });
    if (stopping_) {
      return;
    }
    const std::uint64_t number = claimed_++;
    lock.unlock();
    std::variant<Batch, std::exception_ptr> result;
    try {
      Batch batch = source_.load(sequence_.first + number * sequence_.stride, sequence_.count);
      if (finish_) {
        finish_(batch);
      }
      result = std::move(batch);
    } catch (...) {
      result = std::current_exception();
    }
    lock.lock();
    ready_.emplace(number, std::move(result));
    changed_.notify_all();
  }
}

Batch Prefetcher::next() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return ready_.contains(handed_out_); });
  auto result = std::move(ready_.extract(handed_out_).mapped());
  ++handed_out_;
  lock.unlock();
  changed_.notify_all();
  if (const auto* error = std::get_if<std::exception_ptr>(&result)) {
    std::rethrow_exception(*error);
  }
  return std::get<Batch>(std::move(result));
}

}  // namespace samsr
