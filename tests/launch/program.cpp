#include "program.h"

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <stdexcept>

#include "core/atomic_file.h"
#include "data/images/image_file.h"
#include "support/golden.h"

namespace samsr::testing {
namespace fs = std::filesystem;

const char* const kTinySettings =
    " data.scale=4 data.gt_size=64 data.crop_pad_size=80 data.samples=24 data.samples_per_shard=5 data.seed=3"
    " first_stage.type=space_to_depth first_stage.factor=4 unet.image_size=16 unet.in_channels=51"
    " unet.model_channels=32 unet.out_channels=48 'unet.attention_resolutions=[16, 8]' 'unet.channel_mult=[1, 2]'"
    " 'unet.num_res_blocks=[1, 1]' unet.num_head_channels=16 unet.swin_depth=2 unet.swin_embed_dim=32"
    " diffusion.steps=3 diffusion.schedule_kwargs.power=1 diffusion.kappa=1 diffusion.predict_type=residual ";

Outcome run(const std::string& command) {
  FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) {
    throw std::runtime_error("no shell");
  }
  Outcome outcome;
  std::array<char, 4096> buffer;
  for (std::size_t got; (got = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) {
    outcome.output.append(buffer.data(), got);
  }
  const int status = ::pclose(pipe);
  outcome.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return outcome;
}

std::string samsr(const std::string& arguments) {
  return std::string("OMP_NUM_THREADS=1 " SAMSR_BINARY " ") + arguments;
}

std::string on_ranks(int ranks, const std::string& program, const std::string& arguments) {
  return "OMP_NUM_THREADS=1 OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 mpirun --oversubscribe --bind-to "
         "none -n " +
         std::to_string(ranks) + " " + program + " " + arguments;
}

std::string samsr_on(int ranks, const std::string& arguments) { return on_ranks(ranks, SAMSR_BINARY, arguments); }

TemporaryFolder::TemporaryFolder(const std::string& name)
    : path_(fs::temp_directory_path() / ("samsr_" + name + "_" + std::to_string(::getpid()))) {
  fs::remove_all(path_);
  fs::create_directories(path_);
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

std::vector<fs::path> write_photographs(const fs::path& folder) {
  fs::create_directories(folder);
  std::vector<fs::path> written;
  for (const char* name : {"niqe", "psnr_ssim"}) {
    for (const fs::path& file : golden_files(name)) {
      const torch::Tensor images = Golden(file).read("in/reference");  // (N,H,W,3) RGB
      for (std::int64_t i = 0; i < images.size(0); ++i) {
        written.push_back(folder / (file.stem().string() + std::to_string(i) + ".png"));
        write_png(written.back(), to_mat(images[i].permute({2, 0, 1})));
      }
    }
  }
  return written;
}

std::map<std::string, std::string> contents(const std::filesystem::path& folder) {
  std::map<std::string, std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    found[entry.path().filename().string()] = entry.is_directory() ? "" : read_file(entry.path());
  }
  return found;
}

std::vector<nlohmann::json> metrics_of(const std::filesystem::path& folder) {
  std::ifstream lines(folder / "metrics.jsonl");
  std::vector<nlohmann::json> found;
  for (std::string line; std::getline(lines, line) && !lines.eof();) {
    found.push_back(nlohmann::json::parse(line));
  }
  return found;
}

Outcome build_shards(const TemporaryFolder& folder, const std::string& more) {
  write_photographs(folder / "photographs");
  return run(samsr("data build" + std::string(kTinySettings) + more + " data.images=" + (folder / "photographs") +
                   " data.out=" + (folder / "shards")));
}

}  // namespace samsr::testing
