#pragma once

#include <ATen/Parallel.h>

#include <opencv2/core/utility.hpp>

namespace samsr {

/// While it lives, OpenCV computes on the calling thread alone.
class SingleThreadedOpenCv {
 public:
  SingleThreadedOpenCv() : before_(cv::getNumThreads()) { cv::setNumThreads(1); }
  ~SingleThreadedOpenCv() { cv::setNumThreads(before_); }
  SingleThreadedOpenCv(const SingleThreadedOpenCv&) = delete;
  SingleThreadedOpenCv& operator=(const SingleThreadedOpenCv&) = delete;

 private:
  const int before_;
};

/// While it lives, OpenCV and torch compute on the calling thread alone: how they divide a sum between threads
/// would show in its last bits, and the ranks already use all cores.
class SingleThreaded {
 public:
  SingleThreaded() : torch_(at::get_num_threads()) { at::set_num_threads(1); }
  ~SingleThreaded() { at::set_num_threads(torch_); }
  SingleThreaded(const SingleThreaded&) = delete;
  SingleThreaded& operator=(const SingleThreaded&) = delete;

 private:
  const SingleThreadedOpenCv opencv_;
  const int torch_;
};

}  // namespace samsr
