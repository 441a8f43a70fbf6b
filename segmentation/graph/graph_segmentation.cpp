#include "segmentation/graph/graph_segmentation.h"

#include <array>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <opencv2/imgproc.hpp>

namespace samsr {
namespace {

// Colours in 1/256 of a grey level, so that the blur's fractions survive; weights in 1/16 of one, so that
// sorting is counting.
constexpr int kColourUnit = 256;
constexpr int kWeightUnit = 16;
constexpr int kWeights = 442 * kWeightUnit;  // the largest distance is √3 · 255

struct Edge {
  std::int32_t from;
  std::int32_t to;
  std::int32_t weight;
};

std::vector<Edge> sorted_edges(const cv::Mat& image, double sigma) {
  cv::Mat colours;
  image.convertTo(colours, CV_16U, kColourUnit);
  if (sigma > 0) {
    cv::GaussianBlur(colours, colours, cv::Size(), sigma);  // fixed-point for 16 bits: the same everywhere
  }
  struct Step {
    int x;
    int y;
  };
  constexpr std::array<Step, 4> kSteps{{{1, 0}, {0, 1}, {1, 1}, {-1, 1}}};
  std::vector<Edge> edges;
  edges.reserve(static_cast<std::size_t>(image.total()) * kSteps.size());
  std::vector<std::int32_t> position(kWeights + 1, 0);
  for (int y = 0; y < image.rows; ++y) {
    for (int x = 0; x < image.cols; ++x) {
      const auto* here = colours.ptr<std::uint16_t>(y) + 3 * x;
      for (const Step& step : kSteps) {
        const int next_x = x + step.x;
        const int next_y = y + step.y;
        if (next_x < 0 || next_x >= image.cols || next_y >= image.rows) {
          continue;
        }
        const auto* there = colours.ptr<std::uint16_t>(next_y) + 3 * next_x;
        double squared = 0;
        for (int c = 0; c < 3; ++c) {
          const double difference = here[c] - there[c];
          squared += difference * difference;
        }
        const int weight = static_cast<int>(std::sqrt(squared) / (kColourUnit / kWeightUnit));
        edges.push_back({y * image.cols + x, next_y * image.cols + next_x, weight});
        ++position[static_cast<std::size_t>(weight) + 1];
      }
    }
  }
  std::partial_sum(position.begin(), position.end(), position.begin());
  std::vector<Edge> sorted(edges.size());
  for (const Edge& edge : edges) {
    sorted[static_cast<std::size_t>(position[static_cast<std::size_t>(edge.weight)]++)] = edge;
  }
  return sorted;
}

/// Disjoint sets of pixels with their sizes and merging thresholds.
class Forest {
 public:
  Forest(std::size_t pixels, double k) : k_(k * kWeightUnit), nodes_(pixels) {
    for (std::size_t i = 0; i < pixels; ++i) {
      nodes_[i] = {static_cast<std::int32_t>(i), 1, k_};
    }
  }

  std::int32_t root(std::int32_t pixel) {
    while (parent(pixel) != pixel) {
      node(pixel).parent = parent(parent(pixel));
      pixel = parent(pixel);
    }
    return pixel;
  }
  std::int32_t size(std::int32_t of_root) const { return node(of_root).size; }

  /// The paper's predicate: the weight is within the internal difference of both, plus k / size.
  bool similar(std::int32_t a, std::int32_t b, std::int32_t weight) const {
    return weight <= node(a).threshold && weight <= node(b).threshold;
  }
  void join(std::int32_t a, std::int32_t b, std::int32_t weight) {
    if (node(a).size < node(b).size) {
      std::swap(a, b);
    }
    node(b).parent = a;
    node(a).size += node(b).size;
    node(a).threshold = weight + k_ / node(a).size;
  }

 private:
  struct Node {
    std::int32_t parent;
    std::int32_t size;
    double threshold;
  };
  Node& node(std::int32_t i) { return nodes_[static_cast<std::size_t>(i)]; }
  const Node& node(std::int32_t i) const { return nodes_[static_cast<std::size_t>(i)]; }
  std::int32_t parent(std::int32_t i) const { return node(i).parent; }

  const double k_;
  std::vector<Node> nodes_;
};

Segments label(Forest& forest, cv::Size size) {
  Segments segments{cv::Mat(size, CV_32S), {}};
  std::vector<int> label_of(static_cast<std::size_t>(size.area()), -1);
  auto* labels = segments.labels.ptr<std::int32_t>();
  for (std::int32_t pixel = 0; pixel < size.area(); ++pixel) {
    const std::int32_t root = forest.root(pixel);
    int& name = label_of[static_cast<std::size_t>(root)];
    if (name < 0) {
      name = static_cast<int>(segments.area.size());
      segments.area.push_back(forest.size(root));
    }
    labels[pixel] = name;
  }
  return segments;
}

}  // namespace

std::vector<Segments> segment_graph(const cv::Mat& image, double sigma, const std::vector<GraphScale>& scales) {
  CV_Assert(image.type() == CV_8UC3 && !image.empty());
  const std::vector<Edge> edges = sorted_edges(image, sigma);
  std::vector<Segments> results;
  for (const GraphScale& scale : scales) {
    Forest forest(image.total(), scale.k);
    for (const Edge& edge : edges) {
      const std::int32_t a = forest.root(edge.from);
      const std::int32_t b = forest.root(edge.to);
      if (a != b && forest.similar(a, b, edge.weight)) {
        forest.join(a, b, edge.weight);
      }
    }
    for (const Edge& edge : edges) {
      const std::int32_t a = forest.root(edge.from);
      const std::int32_t b = forest.root(edge.to);
      if (a != b && (forest.size(a) < scale.min_size || forest.size(b) < scale.min_size)) {
        forest.join(a, b, edge.weight);
      }
    }
    results.push_back(label(forest, image.size()));
  }
  return results;
}

}  // namespace samsr
