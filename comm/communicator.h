#pragma once
// Ranks and what they say to each other on the host side. Backends are files: comm_single.cpp,
// comm_mpi.cpp. Every operation is collective and a no-op at size 1, so no caller asks for the size.

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "comm/status_board.h"
#include "comm/work_queue.h"

namespace samsr {

class Communicator {
 public:
  virtual ~Communicator() = default;

  /// This process's number, 0 … size()-1.
  virtual int rank() const = 0;
  virtual int size() const = 0;
  /// Number of this process among those of the same host; picks the GPU.
  virtual int local_rank() const = 0;
  virtual int local_size() const = 0;

  virtual void barrier() = 0;
  /// `root`'s bytes, on every rank.
  virtual void broadcast(void* bytes, std::size_t size, int root) = 0;
  /// Replaces each value by its sum over the ranks, added in the order of the ranks.
  virtual void sum(std::span<double> values) = 0;
  double sum(double value) {
    sum(std::span(&value, 1));
    return value;
  }
  /// Largest value of any rank, on every rank.
  virtual double max(double value) = 0;
  /// Every rank's values, as many of each, in the order of the ranks, on every rank.
  virtual std::vector<double> gather(std::span<const double> values) = 0;
  /// Every rank's text in the order of the ranks, on every rank.
  virtual std::vector<std::string> gather(const std::string& text) = 0;
  /// The text of every rank of this host in the order of their local ranks, on every rank.
  virtual std::vector<std::string> gather_on_host(const std::string& text) = 0;
  /// Items 0 … items-1 for the ranks to take one by one.
  virtual std::unique_ptr<WorkQueue> share_work(std::uint64_t items) = 0;
  /// A board on which the ranks see how far the others are.
  virtual std::unique_ptr<StatusBoard> make_status_board() = 0;
  /// Ends all ranks at once with this exit status; for errors that the other ranks cannot learn of.
  [[noreturn]] virtual void abort(int status) = 0;
};

/// How a process was started, read from the launcher's environment.
struct Launch {
  std::string launcher;  ///< "mpirun", "srun", "torchrun" or "none"
  int rank = 0;
  int size = 1;
};

/// Reads the rank variables of OpenMPI, PMIx/PMI, Slurm and torchrun. UserError when two of them
/// contradict each other, or when a launcher is found that starts no MPI ranks (torchrun).
Launch detect_launch();

/// The communicator that fits the launch: MPI under a launcher, otherwise a single process. Initialises
/// MPI (with MPI_THREAD_MULTIPLE) and finalises it on destruction; to be owned by `main`.
std::unique_ptr<Communicator> make_communicator();

std::unique_ptr<Communicator> make_single_communicator();
std::unique_ptr<Communicator> make_mpi_communicator();

}  // namespace samsr
