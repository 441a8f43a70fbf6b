#include "comm/status_board_mpi.h"

#include <chrono>
#include <exception>
#include <thread>

namespace samsr {
namespace {

constexpr int kStanding = 1;
constexpr int kLeaving = 2;  ///< the sender's last message

class MpiStatusBoard final : public StatusBoard {
 public:
  MpiStatusBoard(MPI_Comm world, int rank, int size)
      : StatusBoard(size), rank_(rank), exceptions_(std::uncaught_exceptions()) {
    MPI_Comm_dup(world, &comm_);
    for (int peer = 0; peer < size; ++peer) {
      if (peer != rank_ && (rank_ == 0 || peer == 0)) {
        peers_.emplace_back().rank = peer;
      }
    }
  }

  ~MpiStatusBoard() override {
    if (std::uncaught_exceptions() > exceptions_) {
      return;  // the others would not come; the program is about to end them
    }
    // A rank leaves when its messages are delivered and nobody will send it another.
    for (bool waiting = true; waiting;) {
      receive();
      waiting = false;
      for (Peer& peer : peers_) {
        if (delivered(peer) && !peer.told) {
          send(peer, kLeaving);
          peer.told = true;
        }
        waiting = waiting || !peer.left || !delivered(peer);
      }
      if (waiting) {
        std::this_thread::sleep_for(std::chrono::microseconds(200));
      }
    }
    MPI_Comm_free(&comm_);
  }

  MpiStatusBoard(const MpiStatusBoard&) = delete;
  MpiStatusBoard& operator=(const MpiStatusBoard&) = delete;

  void exchange(const RankStanding& own) override {
    hear(rank_, own);
    for (Peer& peer : peers_) {
      if (!peer.left && delivered(peer)) {
        peer.message = own;
        send(peer, kStanding);
      }
    }
    receive();
  }

 private:
  struct Peer {
    int rank = 0;
    RankStanding message;  ///< on its way
    MPI_Request request = MPI_REQUEST_NULL;
    bool told = false;  ///< that this rank leaves
    bool left = false;
  };
  static constexpr int kNumbers = sizeof(RankStanding) / sizeof(std::int64_t);

  static bool delivered(Peer& peer) {
    int done = 0;
    MPI_Test(&peer.request, &done, MPI_STATUS_IGNORE);
    return done != 0;
  }

  void send(Peer& peer, int tag) const {
    MPI_Isend(&peer.message, kNumbers, MPI_INT64_T, peer.rank, tag, comm_, &peer.request);
  }

  void receive() {
    for (;;) {
      int found = 0;
      MPI_Status status;
      MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, comm_, &found, &status);
      if (found == 0) {
        return;
      }
      RankStanding standing;
      MPI_Recv(&standing, kNumbers, MPI_INT64_T, status.MPI_SOURCE, status.MPI_TAG, comm_, MPI_STATUS_IGNORE);
      if (status.MPI_TAG == kStanding) {
        hear(status.MPI_SOURCE, standing);
        continue;
      }
      for (Peer& peer : peers_) {
        peer.left = peer.left || peer.rank == status.MPI_SOURCE;
      }
    }
  }

  const int rank_;
  const int exceptions_;
  MPI_Comm comm_ = MPI_COMM_NULL;
  std::vector<Peer> peers_;  ///< rank 0 for all others, all others for rank 0
};

}  // namespace

std::unique_ptr<StatusBoard> make_mpi_status_board(MPI_Comm world) {
  int rank = 0;
  int size = 1;
  MPI_Comm_rank(world, &rank);
  MPI_Comm_size(world, &size);
  return std::make_unique<MpiStatusBoard>(world, rank, size);
}

}  // namespace samsr
