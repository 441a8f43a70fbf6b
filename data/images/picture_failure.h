#pragma once

#include <exception>
#include <string>

namespace samsr {

/// One line for the user about one picture, or one file, of a loop that then goes on with the rest: the words of a
/// UserError; of a picture that memory did not suffice for, or that OpenCV refused, `item` and why. Rethrows anything
/// else: a fault of the program. For a handler: `catch (...) { line = describe_failure(path, std::current_exception());
/// }`
std::string describe_failure(const std::string& item, const std::exception_ptr& failure);

/// Whether an exception says that memory, the host's or a GPU's, does not suffice.
bool is_out_of_memory(const std::exception& error);

}  // namespace samsr
