#include <mpi.h>

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <numeric>
#include <stdexcept>

#include "comm/communicator.h"
#include "comm/status_board_mpi.h"
#include "comm/work_queue_mpi.h"

namespace samsr {
namespace {

std::vector<std::string> gathered(const std::string& text, MPI_Comm ranks, int count) {
  const int length = static_cast<int>(text.size());
  std::vector<int> lengths(static_cast<std::size_t>(count));
  MPI_Allgather(&length, 1, MPI_INT, lengths.data(), 1, MPI_INT, ranks);
  std::vector<int> offsets(lengths.size());
  std::exclusive_scan(lengths.begin(), lengths.end(), offsets.begin(), 0);
  std::string joined(static_cast<std::size_t>(offsets.back() + lengths.back()), '\0');
  MPI_Allgatherv(text.data(), length, MPI_CHAR, joined.data(), lengths.data(), offsets.data(), MPI_CHAR, ranks);
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    texts.push_back(joined.substr(static_cast<std::size_t>(offsets[i]), static_cast<std::size_t>(lengths[i])));
  }
  return texts;
}

class MpiCommunicator final : public Communicator {
 public:
  using Communicator::sum;
  MpiCommunicator() {
    int provided = MPI_THREAD_SINGLE;
    MPI_Init_thread(nullptr, nullptr, MPI_THREAD_MULTIPLE, &provided);
    if (provided < MPI_THREAD_MULTIPLE) {
      throw std::runtime_error("this MPI gives no MPI_THREAD_MULTIPLE, which the gradient exchange needs");
    }
    // A duplicate of its own keeps these messages apart from the gradients'.
    MPI_Comm_dup(MPI_COMM_WORLD, &world_);
    MPI_Comm_split_type(world_, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &host_);
    MPI_Comm_rank(world_, &rank_);
    MPI_Comm_size(world_, &size_);
    MPI_Comm_rank(host_, &local_rank_);
    MPI_Comm_size(host_, &local_size_);
  }

  ~MpiCommunicator() override {
    MPI_Comm_free(&host_);
    MPI_Comm_free(&world_);
    MPI_Finalize();
  }

  int rank() const override { return rank_; }
  int size() const override { return size_; }
  int local_rank() const override { return local_rank_; }
  int local_size() const override { return local_size_; }

  void barrier() override { MPI_Barrier(world_); }

  void broadcast(void* bytes, std::size_t size, int root) override {
    auto* at = static_cast<char*>(bytes);
    while (size > 0) {  // MPI counts are ints
      const auto piece = std::min<std::size_t>(size, std::numeric_limits<int>::max());
      MPI_Bcast(at, static_cast<int>(piece), MPI_BYTE, root, world_);
      at += piece;
      size -= piece;
    }
  }

  void sum(std::span<double> values) override {
    const std::vector<double> everyone = gather(values);
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] = 0;
      for (std::size_t at = i; at < everyone.size(); at += values.size()) {
        values[i] += everyone[at];
      }
    }
  }

  double max(double value) override {
    const std::vector<double> values = gather(std::span<const double>(&value, 1));
    return *std::max_element(values.begin(), values.end());
  }

  std::vector<double> gather(std::span<const double> values) override {
    const int count = static_cast<int>(values.size());
    std::vector<double> everyone(values.size() * static_cast<std::size_t>(size_));
    MPI_Allgather(values.data(), count, MPI_DOUBLE, everyone.data(), count, MPI_DOUBLE, world_);
    return everyone;
  }

  std::vector<std::string> gather(const std::string& text) override { return gathered(text, world_, size_); }
  std::vector<std::string> gather_on_host(const std::string& text) override {
    return gathered(text, host_, local_size_);
  }

  std::unique_ptr<WorkQueue> share_work(std::uint64_t items) override { return make_mpi_work_queue(world_, items); }
  std::unique_ptr<StatusBoard> make_status_board() override { return make_mpi_status_board(world_); }

  void abort(int status) override {
    MPI_Abort(world_, status);
    std::_Exit(status);
  }

 private:
  MPI_Comm world_ = MPI_COMM_NULL;
  MPI_Comm host_ = MPI_COMM_NULL;
  int rank_ = 0;
  int size_ = 1;
  int local_rank_ = 0;
  int local_size_ = 1;
};

}  // namespace

std::unique_ptr<Communicator> make_mpi_communicator() { return std::make_unique<MpiCommunicator>(); }

}  // namespace samsr
