#include "comm/work_queue.h"

namespace samsr {
namespace {

class SingleWorkQueue final : public WorkQueue {
 public:
  explicit SingleWorkQueue(std::uint64_t items) : items_(items) {}

  std::optional<std::uint64_t> next() override {
    work_.item = next_ < items_ ? std::optional(next_++) : std::nullopt;
    work_.reported_of_item = 0;
    return work_.item;
  }
  void report(std::uint64_t amount) override {
    work_.reported += amount;
    work_.reported_of_item += amount;
  }
  std::uint64_t reported() const override { return work_.reported; }
  std::vector<RankWork> by_rank() const override { return {work_}; }

 private:
  const std::uint64_t items_;
  std::uint64_t next_ = 0;
  RankWork work_;
};

}  // namespace

std::unique_ptr<WorkQueue> make_single_work_queue(std::uint64_t items) {
  return std::make_unique<SingleWorkQueue>(items);
}

}  // namespace samsr
