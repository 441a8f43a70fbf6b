#pragma once

#include <ATen/Parallel.h>

#include <opencv2/core/utility.hpp>

namespace samsr {

/// While it lives, OpenCV and torch compute on the calling thread alone: how they divide a sum between threads
/// would show in its last bits, and the ranks already use all cores.
class SingleThreaded {
 public:
  SingleThreaded() : opencv_(cv::getNumThreads()), torch_(at::get_num_threads()) {
    cv::setNumThreads(1);
    at::set_num_threads(1);
  }
  ~SingleThreaded() {
    cv::setNumThreads(opencv_);
    at::set_num_threads(torch_);
  }
  SingleThreaded(const SingleThreaded&) = delete;
  SingleThreaded& operator=(const SingleThreaded&) = delete;

 private:
  const int opencv_;
  const int torch_;
};

}  // namespace samsr
