// samsr bench-table at toy size: ten methods on pieces of two benchmarks, kills, ranks, what is missing, mistakes.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>

#include "core/atomic_file.h"
#include "data/images/image_file.h"
#include "data/images/image_walk.h"
#include "eval/metric_weights_by_rule.h"
#include "eval/metrics/clipiqa/clipiqa.h"
#include "eval/peer_files_by_rule.h"
#include "launch/mistakes.h"
#include "launch/running.h"
#include "launch/trained_runs.h"
#include "models/unet/unet_swin.h"
#include "models/weights/safetensors.h"
#include "models/write_pth.h"
#include "support/files.h"
#include "support/pictures.h"
#include "support/small_model.h"

namespace samsr::testing {
namespace {
namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

AutoencoderSettings small_autoencoder() {
  AutoencoderSettings settings;
  settings.n_embed = 64;
  settings.ddconfig.ch = 32;
  settings.ddconfig.ch_mult = {1, 1, 1};
  settings.ddconfig.num_res_blocks = 1;
  return settings;
}

class BenchTable : public TrainedRuns {
 protected:
  static void SetUpTestSuite() {
    TrainedRuns::SetUpTestSuite();
    const auto write = [](const char* name, const TensorFile& file) {
      fs::create_directories(in("weights"));
      write_safetensors(in("weights") / name, file);
    };
    std::uint64_t salt = 1;
    for (const char* name : {"RRDB_ESRGAN_x4.pth", "RealSR_JPEG.pth", "BSRGAN.pth", "RealESRGAN_x4plus.pth"}) {
      write(name, rrdbnet_file(4, salt++));
    }
    write("003_realSR_BSRGAN_DFO_s64w8_SwinIR-M_x4_GAN.pth", swinir_file("nearest+conv", "1conv"));
    const std::vector<PeerFile> dasr = dasr_files();
    write("net_p.pth", dasr[0].file);
    write("net_g.pth", dasr[1].file);
    write("model.ckpt", ldm_file());
    for (const char* name :
         {"resshift_realsrx4_s15_v1.pth", "SinSR_v1.pth", "SinSR_v2.pth", "SamSR_v1.pth", "SamSR_v2.pth"}) {
      write_pth(in("weights") / name, file_of(UNetSwin(small_unet_settings()), "", salt++), /*wrapped=*/true);
    }
    write_pth(in("weights/autoencoder_vq_f4.pth"), file_of(VQModelTorch(small_autoencoder())), /*wrapped=*/false);
    const NamedWeights clip = clip_weights_by_rule(clipiqa_weights(), 0);
    write("RN50.pt", {{clip.begin(), clip.end()}, {}});
    write_alexnet_of_lpips(in("weights"));
    fs::create_directories(in("few"));
    for (const char* each : {"BSRGAN.pth", "net_g.pth", "SinSR_v1.pth", "alexnet-owt-7be5be79.pth"}) {
      fs::create_hard_link(in("weights") / each, in("few") / each);
    }
    make_pair("pair", 256);
  }

  /// A benchmark of one picture of 64 x 64, with a reference of `side`.
  static void make_pair(const std::string& folder, int side) {
    fs::create_directories(in(folder) / "imagenet256/lq");
    fs::create_directories(in(folder) / "imagenet256/gt");
    write_png(in(folder) / "imagenet256/lq/a.png", smooth_picture(64, 64, 1));
    write_png(in(folder) / "imagenet256/gt/a.png", smooth_picture(side, side, 1));
  }

  /// RealSR/ and imagenet256/ of what SAMSR_DATA has: pieces of 96 x 96, and pairs.
  static void make_benchmarks(const fs::path& data, std::size_t crops, std::size_t pairs) {
    const std::vector<fs::path> pictures = list_images(data / "realsr_lr");
    fs::create_directories(in("benchmarks/RealSR"));
    for (std::size_t i = 0; i < crops; ++i) {
      const cv::Mat rgb = read_image(pictures.at(i)).rgb;
      const cv::Rect middle((rgb.cols - 96) / 2, (rgb.rows - 96) / 2, 96, 96);
      write_png(in("benchmarks/RealSR") / pictures[i].filename(), rgb(middle).clone());
    }
    for (const char* side : {"lq", "gt"}) {
      const std::vector<fs::path> sides = list_images(data / "imagenet16" / side);
      fs::create_directories(in("benchmarks/imagenet256") / side);
      for (std::size_t i = 0; i < pairs; ++i) {
        fs::create_symlink(sides.at(i), in("benchmarks/imagenet256") / side / sides[i].filename());
      }
    }
  }

  static std::string plain(const std::string& arguments) {
    return "bench-table train.threads=1 train.device=cpu upscale.masks=graph diffusion.steps=3 autoencoder.n_embed=64 "
           "autoencoder.ddconfig.ch=32 'autoencoder.ddconfig.ch_mult=[1, 1, 1]' "
           "autoencoder.ddconfig.num_res_blocks=1 unet.image_size=16 unet.model_channels=32 "
           "'unet.attention_resolutions=[16, 8]' 'unet.channel_mult=[1, 2]' 'unet.num_res_blocks=[1, 1]' "
           "unet.swin_embed_dim=32 " +
           arguments;
  }
  static std::string folders(const std::string& out) {
    return plain("--weights " + in("weights") + " --benchmarks " + in("benchmarks") + " --out " + in(out) + " ");
  }
  /// Nothing is found outside --weights.
  static std::string alone(const std::string& command) {
    return "TORCH_HOME=/nowhere XDG_CACHE_HOME=/nowhere " + command;
  }

  /// Pictures, figures and tables: all but locks and notes.
  static std::map<std::string, std::string> made(const fs::path& out) {
    std::map<std::string, std::string> all;
    for (const auto& entry : fs::recursive_directory_iterator(out)) {
      const std::string name = entry.path().lexically_relative(out).string();
      if (entry.is_regular_file() && !entry.path().filename().string().starts_with(".")) {
        all[name] = read_file(entry.path());
      }
    }
    return all;
  }
};

TEST_F(BenchTable, TenMethodsEndInBothTablesKilledResumedAndOnTwoRanks) {
  const char* data = std::getenv("SAMSR_DATA");
  if (data == nullptr) {
    GTEST_SKIP() << "set SAMSR_DATA to the folder that holds realsr_lr and imagenet16";
  }
  // All of them take four minutes of two cores.
  const bool all = std::getenv("SAMSR_ALL_PICTURES") != nullptr;
  const std::size_t crops = all ? 10 : 2;
  const std::size_t pairs = all ? 16 : 3;
  make_benchmarks(data, crops, pairs);
  const std::string dry = succeed(alone(samsr(folders("dry") + "--dry-run")));
  EXPECT_THAT(dry,
              AllOf(HasSubstr(fmt::format("| method | RealSR, {} images | ImageNet-Test, {} images |", crops, pairs)),
                    HasSubstr("| LDM-30 | - | to measure |"), HasSubstr("- RealSR: clipiqa\n"),
                    HasSubstr("- quoted only, because no file is known: SinSR-1 (distill only), CTMSR-1"),
                    HasSubstr("SwinIR: " + in("weights").string() + "/003_realSR")));
  EXPECT_FALSE(fs::exists(in("dry")));

  Running one(alone(samsr(folders("one"))), in("log_one"));
  {
    Running two(alone(samsr_on(2, folders("two"))), in("log_two"));
    ASSERT_TRUE(two.until([] { return fs::exists(in("two/imagenet_test/pictures/SwinIR")); }))
        << read_file(in("log_two"));
    ::kill(two.rank(1), SIGKILL);
    EXPECT_GT(two.wait(), 0);
  }
  EXPECT_FALSE(fs::exists(in("two/tables")));
  // Apart from the log: mpirun hands both on in pieces, of which one may come between two of the other.
  const Outcome resumed = run("( " + alone(samsr_on(2, folders("two"))) + " 2>" + in("log_resumed") + " )");
  ASSERT_EQ(resumed.status, 0) << read_file(in("log_resumed"));
  EXPECT_THAT(read_file(in("log_resumed")), ::testing::ContainsRegex("[0-9]+ of 23 are complete and passed over"));
  EXPECT_FALSE(one.until([] { return false; }));  // it ends
  ASSERT_EQ(one.wait(), 0) << read_file(in("log_one"));
  const std::map<std::string, std::string> whole = made(in("one"));
  const std::map<std::string, std::string> pieces = made(in("two"));
  EXPECT_EQ(whole.size(), pieces.size());
  for (const auto& [name, bytes] : whole) {
    ASSERT_TRUE(pieces.contains(name)) << name;
    EXPECT_TRUE(pieces.at(name) == bytes) << name << " has other bytes";
  }

  const std::string tables = read_file(in("one/tables/tables.md"));
  EXPECT_THAT(tables, AllOf(HasSubstr("### Table 1: "), HasSubstr("### Table 2: ")));
  const std::vector<std::string> in_both = {"ESRGAN", "RealSR-JPEG", "BSRGAN",  "SwinIR", "RealESRGAN",
                                            "DASR",   "ResShift-15", "SinSR-1", "SAMSR",  "LDM-15"};
  for (const std::string& method : in_both) {
    EXPECT_THAT(tables, ::testing::ContainsRegex("\\| " + method + " \\| [^|]*[0-9][^|]* \\| - \\| - \\| - \\|\n"))
        << method;
    EXPECT_THAT(tables, ::testing::ContainsRegex("\\| " + method + " (\\| [^|]*[0-9][^|]* ){4}\\| - \\|\n")) << method;
  }
  EXPECT_THAT(tables, ::testing::ContainsRegex("\\| LDM-30 (\\| [^|]*[0-9][^|]* ){4}\\| - \\|\n"));
  // Ten methods by one metric, eleven by four, one of them with two publications.
  const std::string compared = read_file(in("one/tables/comparison.csv"));
  EXPECT_EQ(std::count(compared.begin(), compared.end(), '\n'), 1 + 10 + 11 * 4 + 4) << compared;
  const std::string missing = read_file(in("one/tables/missing.md"));
  EXPECT_THAT(resumed.output, AllOf(HasSubstr(tables), HasSubstr(missing)));
  EXPECT_THAT(
      missing,
      AllOf(HasSubstr("- RealSet65 (" + in("benchmarks").string() + "/RealSet65), for table 1: https://"),
            HasSubstr("- musiq_koniq_ckpt-e95806b9.pth, for the metric musiq: https://"),
            HasSubstr("- images: RealSR in "), HasSubstr(fmt::format("{} of 100 images are missing", 100 - crops))));
  EXPECT_EQ(std::count(missing.begin(), missing.end(), '\n'), 6) << missing;

  // The files of each row are its own.
  EXPECT_THAT(read_file(in("one/realsr/figures/SinSR-1/results.json")), HasSubstr("SinSR_v2.pth"));
  EXPECT_THAT(read_file(in("one/imagenet_test/figures/SinSR-1/results.json")), HasSubstr("SinSR_v1.pth"));
  EXPECT_FALSE(whole.at("imagenet_test/pictures/LDM-15/ILSVRC2012_val_00000067.png") ==
               whole.at("imagenet_test/pictures/LDM-30/ILSVRC2012_val_00000067.png"));

  const Outcome again = run(alone(samsr(folders("one"))));
  ASSERT_EQ(again.status, 0) << again.output;
  EXPECT_THAT(again.output, AllOf(HasSubstr("23 of 23 are complete and passed over"), HasSubstr(tables)));
  EXPECT_EQ(made(in("one")), whole);
}

TEST_F(BenchTable, WhatIsNotThereIsListedOnceAndTheRestIsMeasured) {
  const std::string command =
      plain("--weights " + in("few") + " --benchmarks " + in("pair") + " --out " + in("few_out") + " --tables 2 ");
  const Outcome outcome = run(alone(samsr(command)));
  ASSERT_EQ(outcome.status, 0) << outcome.output;
  EXPECT_THAT(outcome.output,
              AllOf(HasSubstr("[2 of 2] BSRGAN on ImageNet-Test"), HasSubstr("- net_p.pth, for DASR: https://"),
                    HasSubstr("- autoencoder_vq_f4.pth, for ResShift-15, SinSR-1, SAMSR: https://"),
                    HasSubstr("- alex.pth, for the metric lpips: https://"),
                    HasSubstr("- model.ckpt, for LDM-15, LDM-30: https://"), Not(HasSubstr("sam_vit_b"))));
  for (const char* once :
       {"- net_p.pth, for", "- autoencoder_vq_f4.pth, for", "- alex.pth, for", "- RealESRGAN_x4plus.pth, for"}) {
    const std::size_t first = outcome.output.find(once);
    EXPECT_EQ(outcome.output.find(once, first + 1), std::string::npos) << once;
  }
  // Another picture: its figures are measured again.
  write_png(in("pair/imagenet256/lq/a.png"), smooth_picture(64, 64, 2));
  EXPECT_THAT(run(alone(samsr(command))).output, HasSubstr("[1 of 2] bicubic on ImageNet-Test"));
}

TEST_F(BenchTable, TheScriptTriesItFirstAndStartsTheRanks) {
  const auto script = [](const std::string& arguments) {
    return alone("SAMSR_BINARY=" SAMSR_BINARY " OMP_NUM_THREADS=1 " SAMSR_SOURCE "/launch/bench_table " + arguments);
  };
  const std::string arguments = "--weights " + in("few") + " --benchmarks " + in("pair") + " --out " + in("by_script") +
                                " --tables 2 --ranks 2 train.threads=1 train.device=cpu ";
  const Outcome dry = run(script(arguments + "--dry-run"));
  EXPECT_EQ(dry.status, 0) << dry.output;
  EXPECT_FALSE(fs::exists(in("by_script")));
  const Outcome outcome = run(script(arguments));
  ASSERT_EQ(outcome.status, 0) << outcome.output;
  EXPECT_THAT(outcome.output, AllOf(HasSubstr("| BSRGAN | to measure |"), HasSubstr("### Table 2: ")));
  EXPECT_TRUE(fs::exists(in("by_script/tables/comparison.md")));
  const std::pair<std::string, const char*> cases[] = {
      {"--benchmarks x", "--weights DIR is needed"},  {"--weights x", "--benchmarks DIR is needed"},
      {"--weights", "--weights needs a value"},       {arguments + "--ranks two", "a positive number is needed"},
      {arguments + "--nonsense", "unknown argument"}, {arguments + "--tables 5", "'5' is no table that"},
      {arguments + "train.thread=1", "did you mean"},
  };
  for (const auto& [wrong, expected] : cases) {
    expect_mistake(script(wrong), expected);
  }
}

TEST_F(BenchTable, MistakesAreOneLine) {
  fs::create_directories(in("nothing"));
  fs::create_directories(in("small"));
  write_safetensors(in("small/BSRGAN.pth"), rrdbnet_file(2));
  make_pair("uneven", 128);
  const auto with = [](const std::string& weights, const std::string& benchmarks, const std::string& more = "") {
    return "--weights " + in(weights) + " --benchmarks " + in(benchmarks) + " --out " + in("mistake") + " " + more;
  };
  const std::pair<std::string, const char*> cases[] = {
      {"--out x --benchmarks " + in("pair"), "--weights is required"},
      {with("nowhere", "pair"), "nowhere: no such folder"},
      {with("weights", "nowhere"), "nowhere: no such folder"},
      {with("weights", "pair", "--tables 3"), "'3' is no table that published weights fill; there are 1, 2"},
      {with("weights", "pair", "--tables ''"), "--tables is empty"},
      {with("nothing", "pair"), "holds the files of no method of table 1,2"},
      {with("weights", "nothing"), "holds no set of table 1,2"},
      {with("weights", "pair", "eval.metrics=niqe"), "eval.metrics: --tables says that here"},
      {with("weights", "pair", "upscale.sampler=one_step"), "upscale.sampler: --tables says that here"},
      {with("weights", "pair", "weights.folder=x"), "weights.folder: --weights says that here"},
      {with("weights", "pair", "unet.channel_mul=2"), "did you mean 'unet.channel_mult'"},
      {with("small", "pair"), "BSRGAN.pth: enlarges 2 times, but ImageNet-Test is measured at 4"},
      {with("weights", "uneven"), "128x128"},
      {"--weights " + in("weights") + " --benchmarks " + in("pair") + " --out " + in("pair/imagenet256/lq/out"),
       "lies in a folder of pictures that are measured"},
  };
  for (const auto& [arguments, expected] : cases) {
    const Outcome outcome = run(alone(samsr(plain(arguments))));
    EXPECT_EQ(outcome.status, 2) << arguments << "\n" << outcome.output;
    EXPECT_THAT(outcome.output, HasSubstr(expected)) << arguments;
    EXPECT_FALSE(fs::exists(in("mistake"))) << arguments;
  }
}

}  // namespace
}  // namespace samsr::testing
