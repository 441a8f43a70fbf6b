#include <mpi.h>
#include <torch/torch.h>

#include <exception>
#include <limits>
#include <torch/csrc/distributed/c10d/Backend.hpp>

#include "comm/mpi_work.h"
#include "comm/process_group.h"

namespace samsr {
namespace {

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

class MpiBackend final : public c10d::Backend {
 public:
  MpiBackend(int rank, int size, const HostExchange& exchange, CollectiveTimes& times)
      : Backend(rank, size),
        device_(exchange.device),
        staged_(!exchange.device.is_cpu() || exchange.staged),
        times_(times),
        progress_(std::make_unique<MpiProgress>(exchange.device)) {
    if (!device_.is_cpu()) {
      side_ = c10::impl::VirtualGuardImpl(device_.type()).getStreamFromGlobalPool(device_);
    }
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
    check(tensors);
    const MPI_Op operation = mpi_operation(options.reduceOp);
    return start(c10d::OpType::ALLREDUCE, tensors, [this, operation](const at::Tensor& memory, MPI_Request* request) {
      return MPI_Iallreduce(MPI_IN_PLACE, memory.data_ptr(), static_cast<int>(memory.numel()),
                            mpi_type(memory.scalar_type()), operation, world_, request);
    });
  }

  c10::intrusive_ptr<c10d::Work> broadcast(std::vector<at::Tensor>& tensors,
                                           const c10d::BroadcastOptions& options) override {
    check(tensors);
    const auto root = static_cast<int>(options.rootRank);
    return start(c10d::OpType::BROADCAST, tensors, [this, root](const at::Tensor& memory, MPI_Request* request) {
      return MPI_Ibcast(memory.data_ptr(), static_cast<int>(memory.numel()), mpi_type(memory.scalar_type()), root,
                        world_, request);
    });
  }

  c10::intrusive_ptr<c10d::Work> allgather(std::vector<std::vector<at::Tensor>>& outputs,
                                           std::vector<at::Tensor>& inputs, const c10d::AllgatherOptions&) override {
    check(inputs);
    TORCH_CHECK(!staged_, "the MPI backend gathers tensors of the CPU only");
    TORCH_CHECK(outputs.size() == 1 && static_cast<int>(outputs[0].size()) == getSize(),
                "allgather needs one output a rank");
    // MPI gathers into one block; the outputs may lie anywhere.
    const at::Tensor& input = inputs[0];
    at::Tensor gathered = at::empty({getSize(), input.numel()}, input.options());
    auto work =
        start(c10d::OpType::ALLGATHER, outputs[0], [this, input, gathered](const at::Tensor&, MPI_Request* request) {
          return MPI_Iallgather(input.data_ptr(), static_cast<int>(input.numel()), mpi_type(input.scalar_type()),
                                gathered.data_ptr(), static_cast<int>(input.numel()), mpi_type(input.scalar_type()),
                                world_, request);
        });
    work->wait();
    for (int i = 0; i < getSize(); ++i) {
      outputs[0][static_cast<std::size_t>(i)].copy_(gathered[i].view(input.sizes()));
    }
    return work;
  }

  c10::intrusive_ptr<c10d::Work> barrier(const c10d::BarrierOptions&) override {
    return start(c10d::OpType::BARRIER, {},
                 [this](const at::Tensor&, MPI_Request* request) { return MPI_Ibarrier(world_, request); });
  }

 private:
  void check(const std::vector<at::Tensor>& tensors) const {
    TORCH_CHECK(tensors.size() == 1, "the MPI backend takes one tensor a call, got ", tensors.size());
    TORCH_CHECK(tensors[0].is_non_overlapping_and_dense() && tensors[0].device() == device_,
                "the MPI backend takes dense tensors on ", device_);
    TORCH_CHECK(tensors[0].numel() <= std::numeric_limits<int>::max(), "a tensor of more than 2^31-1 elements");
  }

  c10::intrusive_ptr<c10d::Work> start(c10d::OpType type, const std::vector<at::Tensor>& tensors, MpiWork::Call call) {
    auto staged = staged_ && !tensors.empty() ? std::make_unique<StagedTensor>(tensors[0], side_) : nullptr;
    auto work =
        c10::make_intrusive<MpiWork>(getRank(), type, tensors, std::move(call), times_, std::move(staged), side_);
    if (!staged_) {
      work->begin();
    }
    progress_->watch(work);
    return work;
  }

  const c10::Device device_;
  const bool staged_;
  CollectiveTimes& times_;
  std::optional<c10::Stream> side_;  ///< of the copies; none on the CPU
  MPI_Comm world_ = MPI_COMM_NULL;
  std::unique_ptr<MpiProgress> progress_;
};

}  // namespace

c10::intrusive_ptr<c10d::Backend> make_host_backend(int rank, int size, const HostExchange& exchange,
                                                    CollectiveTimes& times) {
  int initialised = 0;
  MPI_Initialized(&initialised);
  TORCH_CHECK(initialised != 0, "the host exchange needs MPI, also for one rank: start it with mpirun");
  return c10::make_intrusive<MpiBackend>(rank, size, exchange, times);
}

}  // namespace samsr
