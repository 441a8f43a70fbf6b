#include "data/images/picture_failure.h"

#include <c10/util/Exception.h>

#include <new>
#include <oneapi/dnnl/dnnl_common.hpp>
#include <opencv2/core.hpp>

#include "core/error.h"
#include "core/file_error.h"

namespace samsr {

bool is_out_of_memory(const std::exception& error) {
  if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr ||
      dynamic_cast<const c10::OutOfMemoryError*>(&error) != nullptr) {
    return true;
  }
  if (const auto* opencv = dynamic_cast<const cv::Exception*>(&error)) {
    return opencv->code == cv::Error::StsNoMem;
  }
  if (const auto* onednn = dynamic_cast<const dnnl::error*>(&error)) {
    return onednn->status == dnnl_out_of_memory;
  }
  // The CPU's allocator throws the plain type, and says so only in its words.
  const auto* torch = dynamic_cast<const c10::Error*>(&error);
  return torch != nullptr &&
         std::string(torch->what_without_backtrace()).find("can't allocate memory") != std::string::npos;
}

std::string describe_failure(const std::string& item, const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const UserError& error) {
    return error.what();
  } catch (const std::filesystem::filesystem_error& error) {
    return describe_error(error);
  } catch (const std::exception& error) {
    if (is_out_of_memory(error)) {
      return fmt::format("{}: there is not enough memory for it", item);
    }
    const auto* opencv = dynamic_cast<const cv::Exception*>(&error);
    if (opencv == nullptr) {
      throw;
    }
    return fmt::format("{}: OpenCV cannot process it: {}", item, opencv->err.substr(0, opencv->err.find('\n')));
  }
}

}  // namespace samsr
