#include "support/golden.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>
#include <regex>

#include "degradation/convert.h"
#include "degradation/filter.h"
#include "degradation/kernels.h"
#include "degradation/noise.h"
#include "degradation/resize.h"
#include "degradation/sharpen.h"
#include "support/pictures.h"

namespace samsr::testing {
namespace {

class DegradationGolden : public ::testing::TestWithParam<std::filesystem::path> {
 protected:
  KernelSpec spec_of(const YAML::Node& node) const {
    KernelSpec spec;
    spec.kind = node["kind"].as<std::string>();
    spec.size = node["size"].as<int>();
    spec.sigma_x = node["sigma_x"].as<double>(spec.sigma_x);
    spec.sigma_y = node["sigma_y"].as<double>(spec.sigma_y);
    spec.theta = node["theta"].as<double>(spec.theta);
    spec.beta = node["beta"].as<double>(spec.beta);
    spec.cutoff = node["cutoff"].as<double>(spec.cutoff);
    return spec;
  }
  cv::Mat image() const { return to_unit(picture_of(golden_.read("in/image"))); }

  const Golden golden_{GetParam()};
};

TEST_P(DegradationGolden, Kernels) {
  const torch::Tensor expected = golden_.read("out/kernels");
  const YAML::Node kernels = golden_.config()["kernels"];
  ASSERT_EQ(static_cast<std::int64_t>(kernels.size()), expected.size(0));
  for (std::size_t i = 0; i < kernels.size(); ++i) {
    const KernelSpec spec = spec_of(kernels[i]);
    const cv::Mat kernel = pad_kernel(make_kernel(spec), static_cast<int>(expected.size(1)));
    const torch::Tensor actual = torch::from_blob(kernel.data, {kernel.rows, kernel.cols}, torch::kFloat64).clone();
    golden_.expect_close(actual, expected[static_cast<std::int64_t>(i)], spec.kind + " " + std::to_string(spec.size));
  }
}

// The file does not say which of its kernels it filtered with, so one must fit (near twins may fit as well). That every
// kernel is applied in the same way is compared with torch, on the kernels that the file stores.
TEST_P(DegradationGolden, Filtered) {
  namespace F = torch::nn::functional;
  const torch::Tensor filtered = golden_.read("out/filtered").to(torch::kFloat64);
  const torch::Tensor stored = golden_.read("out/kernels").to(torch::kFloat64);
  const torch::Tensor planes = tensor_of(image()).to(torch::kFloat64).transpose(0, 1);  // (3,1,H,W)
  const YAML::Node kernels = golden_.config()["kernels"];
  const std::int64_t border = stored.size(1) / 2;
  const torch::Tensor mirrored =
      F::pad(planes, F::PadFuncOptions({border, border, border, border}).mode(torch::kReflect));
  int fitting = 0;
  for (std::size_t i = 0; i < kernels.size(); ++i) {
    const KernelSpec spec = spec_of(kernels[i]);
    const torch::Tensor actual = tensor_of(filter_image(image(), make_kernel(spec))).to(torch::kFloat64);
    const torch::Tensor kernel = stored[static_cast<std::int64_t>(i)].unsqueeze(0).unsqueeze(0);
    golden_.expect_close(actual, F::conv2d(mirrored, kernel).transpose(0, 1), spec.kind + " by torch");
    fitting += ((actual - filtered).abs() / (filtered.abs() + 1)).max().item<double>() <= golden_.tolerance();
  }
  EXPECT_GE(fitting, 1);
}

TEST_P(DegradationGolden, UnsharpMask) {
  const YAML::Node usm = golden_.config()["usm"];
  const cv::Mat sharp =
      unsharp_mask(image(), usm["radius"].as<int>(), usm["weight"].as<double>(), usm["threshold"].as<double>());
  golden_.expect_close(tensor_of(sharp), "out/usm");
}

TEST_P(DegradationGolden, Resizing) {
  const std::regex form("resize_([a-z]+)_([0-9]+)x([0-9]+)");
  int seen = 0;
  for (const std::string& name : golden_.names("out")) {
    std::smatch parts;
    if (!std::regex_match(name, parts, form)) {
      continue;
    }
    const cv::Size size(std::stoi(parts[3]), std::stoi(parts[2]));
    for (const ResizeMode mode : {ResizeMode::kArea, ResizeMode::kBilinear, ResizeMode::kBicubic}) {
      if (resize_mode_name(mode) == parts[1]) {
        golden_.expect_close(tensor_of(resize_to(image(), size, mode)), "out/" + name);
        ++seen;
      }
    }
  }
  EXPECT_EQ(seen, static_cast<int>(golden_.config()["resize_sizes"].size()) * 3);
}

// The moments in the file are of the reference's own random numbers. Ours are taken over so many draws that
// six of their standard errors fit into the file's tolerance, which then bounds the difference as it stands.
TEST_P(DegradationGolden, GaussianNoiseMoments) {
  const double sigma = golden_.read("out/gauss_sigma").item<double>();
  const double deviation = sigma / 255;
  const double needed = std::pow(6 * deviation / golden_.tolerance(), 2);
  const cv::Mat clean = image();
  const auto rounds = static_cast<std::int64_t>(needed / static_cast<double>(clean.total() * 3)) + 1;
  Rng rng(7, "moments");
  double sum = 0;
  double squares = 0;
  for (std::int64_t round = 0; round < rounds; ++round) {
    cv::Mat noise = cv::Mat::zeros(clean.size(), CV_32FC3);
    add_gaussian_noise(noise, sigma, false, rng);
    sum += cv::sum(cv::sum(noise))[0];
    squares += noise.dot(noise);
  }
  const double count = static_cast<double>(rounds * static_cast<std::int64_t>(clean.total()) * 3);
  golden_.expect_close(torch::tensor(sum / count, torch::kFloat64), "out/gauss_mean");
  golden_.expect_close(torch::tensor(squares / count, torch::kFloat64), "out/gauss_var");
}

TEST_P(DegradationGolden, PoissonNoiseMoments) {
  const double scale = golden_.read("out/poisson_scale").item<double>();
  const cv::Mat clean = image();
  const torch::Tensor start = tensor_of(clean).to(torch::kFloat64);
  const torch::Tensor expected = golden_.read("out/poisson_var_per_pixel_mean").to(torch::kFloat64);
  // The variance of a squared deviate is at most about three times the square of its mean here.
  const double largest = expected.max().item<double>();
  const double needed = std::pow(6 * std::sqrt(3.0) * largest / golden_.tolerance(), 2);
  const auto rounds = static_cast<std::int64_t>(needed / static_cast<double>(clean.total())) + 60;
  const PoissonNoise poisson;
  Rng rng(7, "moments");
  torch::Tensor sum = torch::zeros_like(start);
  torch::Tensor squares = torch::zeros_like(start);
  for (std::int64_t round = 0; round < rounds; ++round) {
    cv::Mat noisy = clean.clone();
    poisson.add(noisy, scale, false, rng);
    const torch::Tensor noise = tensor_of(noisy).to(torch::kFloat64) - start;
    sum += noise;
    squares += noise * noise;
  }
  const double n = static_cast<double>(rounds);
  const torch::Tensor variance = (squares - sum * sum / n) / (n - 1);
  golden_.expect_close((sum / n).mean(), "out/poisson_mean");
  golden_.expect_close(variance.mean({0, 2, 3}), "out/poisson_var_per_pixel_mean");
}

SAMSR_GOLDEN_SUITE(DegradationGolden, golden_files("degradation"));

}  // namespace
}  // namespace samsr::testing
