#include "comm/work_through.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "comm/work_pace.h"
#include "core/error.h"
#include "core/progress.h"

namespace samsr {
namespace {

std::uint64_t units_of(const SharedWork& what, std::uint64_t item) { return what.units ? what.units(item) : 1; }

}  // namespace

void throw_first_error(const std::string& error, Communicator& comm) {
  for (const std::string& of_rank : comm.gather(error)) {
    if (!of_rank.empty()) {
      throw UserError("{}", of_rank);
    }
  }
}

void on_first_rank(const std::function<void()>& work, Communicator& comm) {
  std::string error;
  if (comm.rank() == 0) {
    try {
      work();
    } catch (const UserError& mistake) {
      error = mistake.what();
    }
  }
  throw_first_error(error, comm);
}

void work_through(const SharedWork& what, const std::function<void(std::uint64_t item, const ReportWork& report)>& work,
                  Communicator& comm, Log& log) {
  std::uint64_t units = 0;
  for (std::uint64_t item = 0; item < what.items; ++item) {
    units += units_of(what, item);
  }
  Progress progress(log, what.task, static_cast<std::int64_t>(what.done + units), what.unit,
                    static_cast<std::int64_t>(what.done));
  std::string error;
  {
    const auto queue = comm.share_work(what.items);
    WorkPace pace(std::chrono::steady_clock::now());
    const auto show = [&](const std::string& note) {
      const std::uint64_t done = queue->reported();
      if (!progress.is_due()) {
        progress.set(static_cast<std::int64_t>(what.done + done), note);
        return;
      }
      const ProgressPace found =
          pace.at(std::chrono::steady_clock::now(), queue->by_rank(), units - std::min(units, done),
                  [&](std::uint64_t item) { return units_of(what, item); });
      const std::string notes = pace.note() + (pace.note().empty() || note.empty() ? "" : "  ") + note;
      progress.set(static_cast<std::int64_t>(what.done + done), found, notes);
    };
    while (const auto item = queue->next()) {
      std::uint64_t told = 0;
      std::string last_note;
      try {
        if (error.empty()) {
          work(*item, [&](std::uint64_t more, const std::string& note) {
            told += more;
            last_note = note;
            queue->report(more);
            show(note);
          });
        }
      } catch (const UserError& mistake) {
        error = mistake.what();
      }
      const std::uint64_t all = units_of(what, *item);
      queue->report(all - std::min(told, all));
      show(last_note);
    }
    while (comm.rank() == 0 && queue->reported() < units) {  // the other ranks' last items
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      show({});
    }
  }
  throw_first_error(error, comm);
  progress.finish();
}

}  // namespace samsr
