#include "degradation/filter.h"

#include <array>
#include <cmath>
#include <cstring>
#include <opencv2/imgproc.hpp>
#include <span>

#include "degradation/channels.h"

namespace samsr {
namespace {

// A two-thousandth of an 8-bit step.
constexpr double kNegligible = 2e-6;

struct Tap {
  const float* source;
  float weight;
};

// Written with the compiler's vector types because plain loops leave the sums in memory: five times slower.
// The explicit fused multiply-add gives the same bits on every processor.
constexpr int kLanes = 8;
constexpr int kVectors = 8;
constexpr int kBlock = kLanes * kVectors;
using Vector [[gnu::vector_size(kLanes * sizeof(float))]] = float;

Vector load(const float* source) {
  Vector values;
  std::memcpy(&values, source, sizeof values);
  return values;
}

Vector fused(float weight, Vector values, Vector sum) {
  for (int i = 0; i < kLanes; ++i) {
    sum[i] = std::fma(weight, values[i], sum[i]);
  }
  return sum;
}

void sum_block(std::span<const Tap> taps, int offset, float* out) {
  std::array<Vector, kVectors> sum;
  sum.fill(Vector{});
  for (const Tap& tap : taps) {
#pragma GCC unroll 8
    for (int i = 0; i < kVectors; ++i) {
      sum[i] = fused(tap.weight, load(tap.source + offset + i * kLanes), sum[i]);
    }
  }
  std::memcpy(out + offset, sum.data(), sizeof sum);
}

/// out[i] = Σ weight · source[i] over the taps, for i < count.
void weighted_sum(std::span<const Tap> taps, int count, float* out) {
  if (count < kBlock) {
    for (int i = 0; i < count; ++i) {
      float sum = 0;
      for (const Tap& tap : taps) {
        sum = std::fma(tap.weight, tap.source[i], sum);
      }
      out[i] = sum;
    }
    return;
  }
  for (int offset = 0; offset + kBlock <= count; offset += kBlock) {
    sum_block(taps, offset, out);
  }
  if (count % kBlock != 0) {
    sum_block(taps, count - kBlock, out);
  }
}

cv::Mat with_border(const cv::Mat& image, int border) {
  CV_Assert(image.type() == CV_32FC3);
  cv::Mat padded;
  cv::copyMakeBorder(image, padded, border, border, border, border, cv::BORDER_REFLECT_101);
  return padded;
}

double absolute_sum(const cv::Mat& values) { return cv::norm(values, cv::NORM_L1); }

/// The middle of the kernel: outer rings are dropped while they hold next to nothing together.
cv::Mat trimmed(const cv::Mat& kernel) {
  const double whole = absolute_sum(kernel);
  cv::Mat inner = kernel;
  while (inner.rows > 1) {
    const cv::Mat next = inner(cv::Rect(1, 1, inner.cols - 2, inner.rows - 2));
    if (whole - absolute_sum(next) > kNegligible) {
      break;
    }
    inner = next;
  }
  return inner;
}

}  // namespace

std::vector<SeparableTerm> separate(const cv::Mat& kernel) {
  CV_Assert(kernel.type() == CV_64F && kernel.rows == kernel.cols);
  const int size = kernel.rows;
  // A term costs two passes of `size` taps and the traffic between them; the kernel size² taps.
  const int most_terms = (2 * size) / 5;
  cv::Mat rest = kernel.clone();
  std::vector<SeparableTerm> terms;
  while (static_cast<int>(terms.size()) < most_terms) {
    // Gaussian elimination with complete pivoting: smooth kernels need few steps.
    double low = 0;
    double high = 0;
    cv::Point low_at;
    cv::Point high_at;
    cv::minMaxLoc(rest, &low, &high, &low_at, &high_at);
    const cv::Point pivot = -low > high ? low_at : high_at;
    const cv::Mat column = rest.col(pivot.x).clone();
    const cv::Mat row = rest.row(pivot.y) / rest.at<double>(pivot);
    rest -= column * row;
    SeparableTerm& term = terms.emplace_back();
    column.reshape(1, 1).convertTo(term.column, CV_32F);
    row.convertTo(term.row, CV_32F);
    if (absolute_sum(rest) < kNegligible) {
      return terms;
    }
  }
  return {};
}

cv::Mat filter_separable(const cv::Mat& image, const std::vector<SeparableTerm>& terms) {
  CV_Assert(!terms.empty());
  const int size = static_cast<int>(terms.front().column.size());
  const cv::Mat padded = with_border(image, size / 2);
  const int padded_width = padded.cols * kChannels;
  std::vector<float> columns_summed(terms.size() * static_cast<std::size_t>(padded_width));
  std::vector<Tap> vertical(static_cast<std::size_t>(size));
  std::vector<Tap> horizontal;
  for (std::size_t term = 0; term < terms.size(); ++term) {
    for (int i = 0; i < size; ++i) {
      horizontal.push_back({columns_summed.data() + term * static_cast<std::size_t>(padded_width) + kChannels * i,
                            terms[term].row[static_cast<std::size_t>(i)]});
    }
  }
  cv::Mat result(image.size(), CV_32FC3);
  for (int y = 0; y < image.rows; ++y) {
    for (std::size_t term = 0; term < terms.size(); ++term) {
      for (int i = 0; i < size; ++i) {
        vertical[static_cast<std::size_t>(i)] = {padded.ptr<float>(y + i),
                                                 terms[term].column[static_cast<std::size_t>(i)]};
      }
      weighted_sum(vertical, padded_width, columns_summed.data() + term * static_cast<std::size_t>(padded_width));
    }
    weighted_sum(horizontal, image.cols * kChannels, result.ptr<float>(y));
  }
  return result;
}

cv::Mat filter_direct(const cv::Mat& image, const cv::Mat& kernel) {
  CV_Assert(kernel.type() == CV_64F && kernel.rows == kernel.cols && kernel.rows % 2 == 1);
  const int size = kernel.rows;
  const cv::Mat padded = with_border(image, size / 2);
  std::vector<Tap> taps(static_cast<std::size_t>(size * size));
  cv::Mat result(image.size(), CV_32FC3);
  for (int y = 0; y < image.rows; ++y) {
    std::size_t next = 0;
    for (int row = 0; row < size; ++row) {
      for (int column = 0; column < size; ++column) {
        taps[next++] = {padded.ptr<float>(y + row) + kChannels * column,
                        static_cast<float>(kernel.at<double>(row, column))};
      }
    }
    weighted_sum(taps, image.cols * kChannels, result.ptr<float>(y));
  }
  return result;
}

cv::Mat filter_image(const cv::Mat& image, const cv::Mat& kernel) {
  const cv::Mat inner = trimmed(kernel);
  const std::vector<SeparableTerm> terms = separate(inner);
  return terms.empty() ? filter_direct(image, inner) : filter_separable(image, terms);
}

}  // namespace samsr
