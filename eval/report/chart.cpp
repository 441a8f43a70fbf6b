#include "eval/report/chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "eval/markup/html.h"

namespace samsr {
namespace {

constexpr double kWidth = 640;
constexpr double kHeight = 300;
constexpr double kLeft = 64;
constexpr double kRight = 16;
constexpr double kTop = 12;
constexpr double kBottom = 40;
constexpr std::size_t kPoints = 300;
constexpr std::size_t kColours = 6;

struct Point {
  double x;
  double y;
};

/// At most kPoints points: means of equal stretches.
std::vector<Point> thinned(const LossCurve& curve) {
  std::vector<Point> points;
  const std::size_t count = curve.values.size();
  const std::size_t stretches = std::min(count, kPoints);
  for (std::size_t s = 0; s < stretches; ++s) {
    const std::size_t begin = s * count / stretches;
    const std::size_t end = (s + 1) * count / stretches;
    Point mean{0, 0};
    for (std::size_t i = begin; i < end; ++i) {
      mean.x += curve.steps[i] / static_cast<double>(end - begin);
      mean.y += curve.values[i] / static_cast<double>(end - begin);
    }
    points.push_back(mean);
  }
  return points;
}

/// 1, 2 or 5 times a power of ten, at least `step`.
double round_step(double step) {
  const double power = std::pow(10, std::floor(std::log10(step)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= step * (1 - 1e-9)) {
      return factor * power;
    }
  }
  return 10 * power;
}

std::vector<double> linear_ticks(double low, double high, int wanted) {
  const double step = round_step((high - low) / wanted);
  std::vector<double> ticks;
  for (double k = std::ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; ++k) {
    ticks.push_back(k * step);
  }
  return ticks;
}

/// 1, 2, 5 times powers of ten between low and high (both positive); powers of ten alone over a wide range.
std::vector<double> log_ticks(double low, double high) {
  std::vector<double> ticks;
  const bool wide = high / low > 300;
  for (double power = std::pow(10, std::floor(std::log10(low))); power <= high; power *= 10) {
    for (const double factor : {1.0, 2.0, 5.0}) {
      if ((factor == 1 || !wide) && factor * power >= low && factor * power <= high) {
        ticks.push_back(factor * power);
      }
    }
  }
  return ticks.size() >= 2 ? ticks : std::vector<double>{low, high};
}

/// Maps data to the drawing.
class Frame {
 public:
  Frame(const std::vector<std::vector<Point>>& lines) {
    for (const auto& line : lines) {
      for (const Point& point : line) {
        x_low_ = std::min(x_low_, point.x);
        x_high_ = std::max(x_high_, point.x);
        y_low_ = std::min(y_low_, point.y);
        y_high_ = std::max(y_high_, point.y);
      }
    }
    logarithmic_ = y_low_ > 0;
    if (x_high_ <= x_low_) {
      x_low_ -= 0.5;
      x_high_ += 0.5;
    }
    if (y_high_ <= y_low_) {
      const double margin = logarithmic_ ? 0.1 * y_high_ : 0.5;
      y_low_ -= margin;
      y_high_ += margin;
    }
  }
  double x(double value) const { return kLeft + (value - x_low_) / (x_high_ - x_low_) * (kWidth - kLeft - kRight); }
  double y(double value) const {
    const double part =
        logarithmic_ ? std::log(value / y_low_) / std::log(y_high_ / y_low_) : (value - y_low_) / (y_high_ - y_low_);
    return kHeight - kBottom - part * (kHeight - kTop - kBottom);
  }
  bool logarithmic() const { return logarithmic_; }
  std::vector<double> x_ticks() const { return linear_ticks(x_low_, x_high_, 6); }
  std::vector<double> y_ticks() const {
    return logarithmic_ ? log_ticks(y_low_, y_high_) : linear_ticks(y_low_, y_high_, 5);
  }

 private:
  double x_low_ = std::numeric_limits<double>::infinity();
  double x_high_ = -std::numeric_limits<double>::infinity();
  double y_low_ = std::numeric_limits<double>::infinity();
  double y_high_ = -std::numeric_limits<double>::infinity();
  bool logarithmic_ = false;
};

std::string axes(const Frame& frame) {
  std::string svg;
  for (const double tick : frame.y_ticks()) {
    svg += fmt::format(
        "<line class=\"grid\" x1=\"{}\" x2=\"{}\" y1=\"{:.1f}\" y2=\"{:.1f}\"/>"
        "<text x=\"{}\" y=\"{:.1f}\" text-anchor=\"end\">{:.3g}</text>\n",
        kLeft, kWidth - kRight, frame.y(tick), frame.y(tick), kLeft - 6, frame.y(tick) + 4, tick);
  }
  for (const double tick : frame.x_ticks()) {
    svg += fmt::format("<text x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">{:g}</text>\n", frame.x(tick),
                       kHeight - kBottom + 18, tick);
  }
  svg += fmt::format("<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">step{}</text>\n", (kLeft + kWidth - kRight) / 2,
                     kHeight - 4, frame.logarithmic() ? " (values on a logarithmic scale)" : "");
  return svg;
}

}  // namespace

std::string line_chart(const std::vector<LossCurve>& curves) {
  std::vector<std::vector<Point>> lines;
  std::vector<std::string> names;
  for (const LossCurve& curve : curves) {
    if (!curve.values.empty()) {
      lines.push_back(thinned(curve));
      names.push_back(curve.name);
    }
  }
  if (lines.empty()) {
    return {};
  }
  const Frame frame(lines);
  std::string svg = fmt::format("<svg viewBox=\"0 0 {} {}\" role=\"img\">\n", kWidth, kHeight) + axes(frame);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    std::string points;
    for (const Point& point : lines[i]) {
      points += fmt::format("{:.1f},{:.1f} ", frame.x(point.x), frame.y(point.y));
    }
    svg += fmt::format("<polyline class=\"curve-{}\" points=\"{}\"/>\n", i % kColours, points);
    const double at = kTop + 16 * static_cast<double>(i + 1);
    svg += fmt::format(
        "<line class=\"curve-{}\" x1=\"{}\" x2=\"{}\" y1=\"{}\" y2=\"{}\"/>"
        "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>\n",
        i % kColours, kWidth - kRight - 28, kWidth - kRight - 4, at - 4, at - 4, kWidth - kRight - 34, at,
        escape_html(names[i]));
  }
  return svg + "</svg>\n";
}

}  // namespace samsr
