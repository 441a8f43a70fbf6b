#include "comm/work_queue.h"

namespace samsr {
namespace {

class SingleWorkQueue final : public WorkQueue {
 public:
  explicit SingleWorkQueue(std::uint64_t items) : items_(items) {}

  std::optional<std::uint64_t> next() override { return next_ < items_ ? std::optional(next_++) : std::nullopt; }
  void report(std::uint64_t amount) override { reported_ += amount; }
  std::uint64_t reported() const override { return reported_; }

 private:
  const std::uint64_t items_;
  std::uint64_t next_ = 0;
  std::uint64_t reported_ = 0;
};

}  // namespace

std::unique_ptr<WorkQueue> make_single_work_queue(std::uint64_t items) {
  return std::make_unique<SingleWorkQueue>(items);
}

}  // namespace samsr
