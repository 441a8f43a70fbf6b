#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "comm/communicator.h"
#include "core/log.h"

namespace samsr {

/// A task whose items the ranks take one by one.
struct SharedWork {
  std::string task;         ///< for the progress line: "building"
  std::string unit;         ///< what it counts: "pairs"
  std::uint64_t items = 0;  ///< numbered from 0
  std::uint64_t done = 0;   ///< units that need no work, because an earlier run has done them
  /// Units of an item; every item is one where this is empty.
  std::function<std::uint64_t(std::uint64_t item)> units{};
};

/// Tells, while an item is worked on, that so many more of its units are done; what is not told is added when the item
/// is finished. `note` is shown beside the progress (a file's name); it may be empty.
using ReportWork = std::function<void(std::uint64_t units, const std::string& note)>;

/// Calls `work` once for every item, on whichever rank is free, and shows on rank 0 how far all ranks are, the others'
/// last items included. A UserError from `work` ends the task: its rank leaves the items that remain, the others finish
/// theirs and find nothing left, and the first rank's error is thrown on all. Anything else passes through on the rank
/// where it happens, which ends the program. Collective.
void work_through(const SharedWork& what, const std::function<void(std::uint64_t item, const ReportWork& report)>& work,
                  Communicator& comm, Log& log);

/// Throws on all ranks alike what went wrong on one, as a UserError, so that none waits for another in vain; does
/// nothing where `error` is empty everywhere. Collective.
void throw_first_error(const std::string& error, Communicator& comm);

/// Calls `work` on rank 0 alone; its UserError is thrown on all ranks. Collective.
void on_first_rank(const std::function<void()>& work, Communicator& comm);

}  // namespace samsr
