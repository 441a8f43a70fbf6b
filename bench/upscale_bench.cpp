// Seconds of upscaling one picture as `samsr upscale` does it, without files: a single step, as the model was trained
// and from plain noise, and the same network sampled in its T steps as a teacher is. They are timed by turns, so that
// whatever else the machine does falls on all of them; medians, and the median of each turn's ratio.
//
//   upscale_bench                                    the embedded student, 64x64 to 256x256, two threads
//   upscale_bench --model runs/teacher.safetensors --side 512 --threads 8 --turns 3

#include <torch/torch.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <iostream>
#include <opencv2/imgproc.hpp>

#include "core/error.h"
#include "core/memory.h"
#include "data/images/image_file.h"
#include "eval/upscale/upscaler.h"
#include "models/embedded/embedded_student.h"

namespace {

struct Options {
  std::string model = samsr::kEmbeddedModel;
  std::string picture;
  int side = 64;
  int threads = 2;
  int turns = 7;
};

/// The middle of a photograph, or patches of colour, which segment into masks as a photograph does.
cv::Mat picture_of(const Options& options) {
  const cv::Size size(options.side, options.side);
  if (options.picture.empty()) {
    cv::Mat patches(options.side / 8, options.side / 8, CV_8UC3);
    cv::RNG random(1);
    random.fill(patches, cv::RNG::UNIFORM, 0, 256);
    cv::resize(patches, patches, size, 0, 0, cv::INTER_CUBIC);
    return patches;
  }
  const cv::Mat photograph = samsr::read_image(options.picture).rgb;
  if (photograph.cols < size.width || photograph.rows < size.height) {
    throw samsr::UserError("{}: is {}x{}, smaller than --side {}", options.picture, photograph.cols, photograph.rows,
                           options.side);
  }
  const cv::Point corner((photograph.cols - size.width) / 2, (photograph.rows - size.height) / 2);
  return photograph(cv::Rect(corner, size)).clone();
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

double seconds_of(const samsr::Upscaler& upscaler, const cv::Mat& picture) {
  const auto start = std::chrono::steady_clock::now();
  upscaler.upscale(picture);
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

samsr::Upscaler upscaler_of(samsr::LoadedModel& loaded, const std::string& sampler, const std::string& noise) {
  samsr::UpscaleSettings settings;
  settings.sampler = sampler;
  settings.noise = noise;
  return {loaded, settings, {}};
}

void run(const Options& options) {
  samsr::LoadedModel loaded = options.model == samsr::kEmbeddedModel
                                  ? samsr::load_model(samsr::embedded_student(), "the embedded student")
                                  : samsr::load_model(std::filesystem::path(options.model));
  const cv::Mat picture = picture_of(options);
  const samsr::Upscaler one_step = upscaler_of(loaded, "one_step", "auto");
  const samsr::Upscaler plain = upscaler_of(loaded, "one_step", "plain");
  const samsr::Upscaler teacher = upscaler_of(loaded, "ancestral", "auto");
  std::vector<double> seconds;
  std::vector<double> plain_seconds;
  std::vector<double> teacher_seconds;
  std::vector<double> ratios;
  for (int turn = 0; turn <= options.turns; ++turn) {
    const double one = seconds_of(one_step, picture);
    const double without_masks = seconds_of(plain, picture);
    const double many = seconds_of(teacher, picture);
    if (turn > 0) {  // the first makes caches and is left out
      seconds.push_back(one);
      plain_seconds.push_back(without_masks);
      teacher_seconds.push_back(many);
      ratios.push_back(many / one);
    }
  }
  const auto large = options.side * loaded.model->settings().scale;
  std::cout << fmt::format("{}: {}x{} to {}x{}, fp32, {} threads, medians of {} turns\n", options.model, options.side,
                           options.side, large, large, options.threads, options.turns);
  std::cout << fmt::format("  {:<44} {:.3f} s\n", one_step.describe(), median(seconds));
  std::cout << fmt::format("  {:<44} {:.3f} s\n", plain.describe(), median(plain_seconds));
  std::cout << fmt::format("  {:<44} {:.3f} s, {:.1f} times the first\n", teacher.describe(), median(teacher_seconds),
                           median(ratios));
  std::cout << fmt::format("  peak memory {:.0f} MB\n", samsr::peak_memory_mb());
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("times the upscaling of one picture");
  app.add_option("--model", options.model, "embedded, or a .safetensors file of samsr");
  app.add_option("--picture", options.picture, "photograph whose middle is upscaled; patches of colour by default");
  app.add_option("--side", options.side, "of the picture, pixels")->check(CLI::Range(16, 4096));
  app.add_option("--threads", options.threads)->check(CLI::PositiveNumber);
  app.add_option("--turns", options.turns, "timed, after one that is not")->check(CLI::PositiveNumber);
  CLI11_PARSE(app, argc, argv);
  at::set_num_threads(options.threads);
  try {
    run(options);
  } catch (const samsr::UserError& error) {
    std::cerr << "upscale_bench: " << error.what() << '\n';
    return 2;
  }
  return 0;
}
