#pragma once

#include <c10/core/Device.h>

#include <iosfwd>
#include <string>

#include "comm/communicator.h"
#include "core/log.h"
#include "eval/bench_table/bench_plan.h"

namespace samsr {

/// Prints the plan, what of it is complete and what is missing, as Markdown, on rank 0; then loads the models that are
/// to be measured and reads the pictures, so that their mistakes are met. UserError as plan_bench_table(),
/// check_anything_to_measure(), and those of models and pictures. Collective.
void try_bench_table(const BenchTableRequest& request, Communicator& communicator, Log& log, std::ostream& out);

/// Measures what is not complete yet: pictures into OUT/SET/pictures/METHOD, figures into OUT/SET/figures/METHOD. Then
/// OUT/tables: the tables and their comparison with what is published, in all formats, and missing.md. Their Markdown,
/// on rank 0. The ranks share the pictures; the same bytes from any number of them, and after any interruption. Time is
/// not measured. UserError as above, and for what cannot be upscaled, measured or written. Collective.
std::string bench_table(const BenchTableRequest& request, c10::Device device, Communicator& communicator, Log& log);

}  // namespace samsr
