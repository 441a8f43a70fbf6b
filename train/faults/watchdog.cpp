#include "train/faults/watchdog.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <utility>

#include "core/host.h"

namespace samsr {
namespace {

constexpr unsigned kPhaseBits = 8;
constexpr double kLongPhase = 10;  ///< times as long as another

const char* phase_name(std::int64_t phase) {
  constexpr std::array kNames{"start", "data", "forward", "backward and exchange", "update", "validation", "save"};
  return kNames.at(static_cast<std::size_t>(phase));
}

bool may_be_long(Phase phase) { return phase == Phase::kStart || phase == Phase::kValidation || phase == Phase::kSave; }

std::pair<std::int64_t, std::int64_t> order(const RankStanding& standing) { return {standing.step, standing.phase}; }

}  // namespace

std::string who_is_behind(const std::vector<RankStanding>& standings, const std::vector<bool>& silent,
                          const std::vector<std::string>& hosts) {
  constexpr std::size_t kNamed = 3;
  const bool any_silent = std::find(silent.begin(), silent.end(), true) != silent.end();
  const auto [last, first] = std::minmax_element(standings.begin(), standings.end(),
                                                 [](const auto& a, const auto& b) { return order(a) < order(b); });
  if (!any_silent && standings.size() > 1 && order(*last) == order(*first)) {
    return fmt::format("none of the {} ranks has reached step {} ({})", standings.size(), last->step,
                       phase_name(last->phase));
  }
  std::vector<std::string> named;
  std::size_t more = 0;
  for (std::size_t rank = 0; rank < standings.size(); ++rank) {
    if (any_silent ? !silent[rank] : order(standings[rank]) != order(*last)) {
      continue;
    }
    if (named.size() == kNamed) {
      ++more;
      continue;
    }
    named.push_back(fmt::format("rank {} on host {} has not reached step {} ({}){}", rank, hosts[rank],
                                standings[rank].step, phase_name(standings[rank].phase),
                                any_silent ? " and does not answer" : ""));
  }
  return fmt::format("{}{}", fmt::join(named, "; "), more == 0 ? "" : fmt::format(" and {} more", more));
}

// Thirty looks in the time given see early enough; a wait of minutes needs no look every second.
Watchdog::Watchdog(Communicator& communicator, Log& log, double seconds)
    : communicator_(communicator),
      log_(log),
      seconds_(seconds),
      pause_(std::clamp(seconds / 30, 0.01, 20.0)),
      hosts_(communicator.gather(host_name())) {
  if (seconds_ > 0) {
    board_ = communicator_.make_status_board();
    before_ = board_->heard();
    silent_.resize(before_.size());
    thread_ = std::thread([this] { watch(); });
  }
}

Watchdog::~Watchdog() {
  if (thread_.joinable()) {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_one();
    thread_.join();
  }
}

void Watchdog::at(std::int64_t step, Phase phase) {
  place_.store(static_cast<std::uint64_t>(step) << kPhaseBits | static_cast<std::uint64_t>(phase),
               std::memory_order_relaxed);
  moves_.store(moves_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

void Watchdog::at(Phase phase) {
  at(static_cast<std::int64_t>(place_.load(std::memory_order_relaxed) >> kPhaseBits), phase);
}

// Time is counted in looks, not read from a clock: a machine that slept, or a job that was stopped as a whole and goes
// on, has not hung.
void Watchdog::watch() {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, pause_, [this] { return stopping_; })) {
    const std::uint64_t place = place_;
    board_->exchange({static_cast<std::int64_t>(place >> kPhaseBits),
                      static_cast<std::int64_t>(place & ((1U << kPhaseBits) - 1)), moves_});
    bool moved = false;
    for (std::size_t rank = 0; rank < before_.size(); ++rank) {
      const StatusBoard::Heard& now = board_->heard()[rank];
      silent_[rank] = now.messages == before_[rank].messages ? silent_[rank] + 1 : 0;
      moved = moved || now.standing.moves != before_[rank].standing.moves;
    }
    still_ = moved ? 0 : still_ + 1;
    before_ = board_->heard();
    if (communicator_.rank() == 0) {
      look_at_all();
    } else {
      look_at_rank_zero();
    }
  }
}

void Watchdog::look_at_all() {
  const double still = still_ * pause_.count();
  if (still < seconds_) {
    return;
  }
  std::vector<RankStanding> standings;
  std::vector<bool> silent;
  bool long_phase = false;
  bool all_answer = true;
  for (std::size_t rank = 0; rank < before_.size(); ++rank) {
    standings.push_back(before_[rank].standing);
    silent.push_back(silent_[rank] * pause_.count() > seconds_ / 2);
    long_phase = long_phase || may_be_long(static_cast<Phase>(standings.back().phase));
    all_answer = all_answer && !silent.back();
  }
  if (long_phase && all_answer && still < kLongPhase * seconds_) {
    return;
  }
  end(who_is_behind(standings, silent, hosts_), still);
}

// Rank 0 speaks for all as long as it answers, and later than it would speak it is gone.
void Watchdog::look_at_rank_zero() {
  if (silent_.front() * pause_.count() < 1.25 * seconds_) {
    return;
  }
  const RankStanding& own = before_[static_cast<std::size_t>(communicator_.rank())].standing;
  end(fmt::format("rank 0 on host {} does not answer, and rank {} waits in step {} ({})", hosts_.front(),
                  communicator_.rank(), own.step, phase_name(own.phase)),
      silent_.front() * pause_.count());
}

void Watchdog::end(const std::string& who, double seconds) {
  const std::int64_t saved = saved_;
  log_.from_rank(fmt::format(
      "samsr: {}: nothing has moved for {:.0f} s (train.timeout), so the run ends here; the same command {}", who,
      seconds, saved > 0 ? fmt::format("goes on from step {}", saved) : "starts it anew, as it has no checkpoint yet"));
  communicator_.abort(kStatus);
}

}  // namespace samsr
