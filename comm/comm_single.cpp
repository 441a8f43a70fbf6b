#include <cstdlib>

#include "comm/communicator.h"

namespace samsr {
namespace {

class SingleCommunicator final : public Communicator {
 public:
  using Communicator::sum;
  int rank() const override { return 0; }
  int size() const override { return 1; }
  int local_rank() const override { return 0; }
  int local_size() const override { return 1; }
  void barrier() override {}
  void broadcast(void*, std::size_t, int) override {}
  void sum(std::span<double>) override {}
  double max(double value) override { return value; }
  std::vector<double> gather(std::span<const double> values) override { return {values.begin(), values.end()}; }
  std::vector<std::string> gather(const std::string& text) override { return {text}; }
  std::vector<std::string> gather_on_host(const std::string& text) override { return {text}; }
  std::unique_ptr<WorkQueue> share_work(std::uint64_t items) override { return make_single_work_queue(items); }
  std::unique_ptr<StatusBoard> make_status_board() override { return make_single_status_board(); }
  void abort(int status) override { std::_Exit(status); }
};

}  // namespace

std::unique_ptr<Communicator> make_single_communicator() { return std::make_unique<SingleCommunicator>(); }

}  // namespace samsr
