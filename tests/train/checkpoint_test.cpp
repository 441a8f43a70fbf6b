#include "train/checkpoints/checkpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>

#include "core/atomic_file.h"
#include "core/error.h"
#include "models/weights/checkpoint_folder.h"
#include "models/weights/find_weights.h"
#include "models/weights/safetensors.h"
#include "support/files.h"
#include "support/temporary_folder.h"
#include "support/user_error.h"
#include "train/checkpoints/best_checkpoint.h"

namespace samsr {
namespace {
namespace fs = std::filesystem;

class CheckpointTest : public ::testing::Test {
 protected:
  void save(std::int64_t step) {
    Checkpoint checkpoint;
    for (const char* part : {"student", "ema", "optimizer", "critic", "critic-optimizer"}) {
      checkpoint.parts[part].tensors.emplace_back("w", torch::full({64}, static_cast<double>(step)));
    }
    checkpoint.step = step;
    checkpoint.position = static_cast<std::uint64_t>(step) * 8;
    checkpoint.seed = 5;
    checkpoint.dataset_size = 100;
    checkpoint.data = {{"lr", "0a1b2c3d"}};
    checkpoint.config = "train: {lr: 1}\n";
    save_checkpoint(out_, checkpoint, 2);
  }

  /// Damages a file after that part of its bytes.
  static void damage(const fs::path& file, double part) {
    testing::flip_byte(file, static_cast<std::uint64_t>(part * static_cast<double>(fs::file_size(file) - 1)));
  }

  const testing::TemporaryFolder folder_;
  const fs::path out_ = folder_.path();
  std::ostringstream messages_;
  Log log_{messages_, 0, 1, false};
};

TEST_F(CheckpointTest, ComesBackAsItWas) {
  save(10);
  const Checkpoint read = load_checkpoint(*newest_checkpoint(out_, log_));
  EXPECT_EQ(read.step, 10);
  EXPECT_EQ(read.position, 80U);
  EXPECT_EQ(read.seed, 5U);
  EXPECT_EQ(read.dataset_size, 100U);
  EXPECT_EQ(read.data.at("lr"), "0a1b2c3d");
  EXPECT_EQ(read.config, "train: {lr: 1}\n");
  for (const char* part : {"student", "ema", "optimizer", "critic", "critic-optimizer"}) {
    EXPECT_TRUE(torch::equal(read.part(part, "").tensors.at(0).second, torch::full({64}, 10.0))) << part;
  }
  EXPECT_THROW(read.part("critic-ema", "step-00000010"), UserError);
}

TEST_F(CheckpointTest, BytesThatAreNoUtf8InTheConfigurationAreReplaced) {
  Checkpoint checkpoint;
  checkpoint.parts["student"];
  for (const auto& [bytes, held] :
       {std::pair("train: {out: caf\xe9}\n", "train: {out: caf\xef\xbf\xbd}\n"),
        std::pair("a: \xff\xfe\n", "a: \xef\xbf\xbd\xef\xbf\xbd\n"), std::pair("a: é\n", "a: é\n")}) {
    checkpoint.config = bytes;
    save_checkpoint(out_, checkpoint, 2);
    EXPECT_EQ(load_checkpoint(out_ / checkpoint_name(0)).config, held);
  }
}

TEST_F(CheckpointTest, KeepsTheNewestAndNamesTheLatest) {
  for (const int step : {10, 20, 30}) {
    save(step);
  }
  EXPECT_FALSE(fs::exists(out_ / "step-00000010"));
  EXPECT_TRUE(fs::exists(out_ / "step-00000020"));
  EXPECT_EQ(read_file(out_ / "latest"), "step-00000030\n");
}

TEST_F(CheckpointTest, DeletesNothingThatIsNoCheckpoint) {
  save(1);
  fs::copy(out_ / "step-00000001", out_ / "step-00000009");  // whose state.json says another step
  const std::vector<std::string> mine{"step-00000001-notes/n.txt",  "step-0000002/n.txt",  "step-00000003/n.txt",
                                      "step-000000004/n.txt",       "step-best/n.txt",     "step-00000005/state.json",
                                      "step-00000006 (copy)/n.txt", "step--0000001/n.txt", "old-step-00000001/n.txt"};
  for (const std::string& name : mine) {
    testing::write_text(out_ / name, "{\"precious\": 1}");
  }
  fs::create_directories(folder_ / "elsewhere");
  testing::write_text(folder_ / "elsewhere/kept", "x");
  fs::create_directory_symlink(folder_ / "elsewhere", out_ / "step-00000007");
  for (const int step : {20, 30, 40}) {
    save(step);
  }
  for (const std::string& name : mine) {
    EXPECT_TRUE(fs::exists(out_ / name)) << name;
  }
  EXPECT_TRUE(fs::exists(out_ / "step-00000007/kept"));
  EXPECT_TRUE(fs::exists(out_ / "step-00000009"));
  EXPECT_FALSE(fs::exists(out_ / "step-00000001"));
  EXPECT_FALSE(fs::exists(out_ / "step-00000020"));
  EXPECT_TRUE(fs::exists(out_ / "step-00000030")) << "what is none counts among those that are kept";
}

TEST_F(CheckpointTest, WhatHasItsNameIsSetAside) {
  testing::write_text(out_ / "step-00000010/notes.txt", "precious");
  save(10);
  EXPECT_EQ(newest_checkpoint(out_, log_), out_ / "step-00000010");
  EXPECT_EQ(read_file(out_ / "step-00000010-set-aside-1/notes.txt"), "precious");
  damage(out_ / "step-00000010/ema.safetensors", 0.5);
  save(10);
  EXPECT_EQ(load_checkpoint(out_ / "step-00000010").step, 10);
  EXPECT_FALSE(fs::exists(out_ / "step-00000010-set-aside-2"));
}

TEST_F(CheckpointTest, KeepsTheBestUntilABetterOneComes) {
  const Validation::Goal highest{"psnr_y", true};
  EXPECT_FALSE(read_best(out_).has_value());
  EXPECT_TRUE(beats(1, highest, read_best(out_)));
  save(10);
  write_best(out_, {checkpoint_name(10), "psnr_y", 24.5});
  for (const int step : {20, 30, 40}) {
    save(step);
  }
  EXPECT_TRUE(fs::exists(out_ / "step-00000010"));
  EXPECT_FALSE(fs::exists(out_ / "step-00000020"));
  EXPECT_EQ(find_weights(out_ / "best", log_), out_ / "step-00000010" / "ema.safetensors");

  EXPECT_FALSE(beats(24.5, highest, read_best(out_)));
  EXPECT_TRUE(beats(24.6, highest, read_best(out_)));
  EXPECT_FALSE(beats(std::nan(""), highest, read_best(out_)));
  EXPECT_TRUE(beats(24.4, {"psnr_y", false}, read_best(out_)));
  EXPECT_TRUE(beats(0.1, {"ssim_y", true}, read_best(out_)));
  write_best(out_, {checkpoint_name(40), "psnr_y", 24.6});
  save(50);
  EXPECT_FALSE(fs::exists(out_ / "step-00000010"));

  write_file_atomically(out_ / "best", "{\"checkpoint\": ");
  EXPECT_THROW(read_best(out_), UserError);
  EXPECT_THROW(find_weights(out_ / "best", log_), UserError);
  write_safetensors(out_ / "best", {{{"x", torch::zeros({1})}}, {}});
  EXPECT_THAT(testing::error_of([&] { read_best(out_); }), ::testing::HasSubstr("best: is a file of weights"));
  write_safetensors(folder_.folder("weights") / "best",
                    {.tensors = {{"w", at::ones({2})}}, .metadata = {}});  // somebody's name for weights
  EXPECT_EQ(find_weights(folder_ / "weights/best", log_), folder_ / "weights/best");
}

TEST_F(CheckpointTest, OneFlippedByteAnywhereFallsBackToTheOneBefore) {
  for (const char* name : {"student.safetensors", "ema.safetensors", "optimizer.safetensors", "state.json"}) {
    for (const double part : {0.0, 0.4, 0.9}) {
      save(10);
      save(20);
      damage(out_ / "step-00000020" / name, part);
      EXPECT_EQ(newest_checkpoint(out_, log_), out_ / "step-00000010") << name << " at " << part;
      fs::remove_all(out_ / "step-00000020");
    }
  }
  EXPECT_THAT(messages_.str(), ::testing::HasSubstr("the checkpoint before it is used"));
}

TEST_F(CheckpointTest, ATornFileFallsBackToo) {
  save(10);
  save(20);
  fs::resize_file(out_ / "step-00000020" / "optimizer.safetensors", 100);
  EXPECT_EQ(newest_checkpoint(out_, log_), out_ / "step-00000010");
  fs::remove(out_ / "step-00000010" / "ema.safetensors");
  EXPECT_THROW(newest_checkpoint(out_, log_), UserError);
}

TEST_F(CheckpointTest, TornAtAnyByteItIsEitherRefusedOrTheSame) {
  save(10);
  const fs::path folder = out_ / "step-00000010";
  for (const char* name : {"student.safetensors", "ema.safetensors", "optimizer.safetensors", "state.json"}) {
    const fs::path file = folder / name;
    const std::string whole = read_file(file);
    std::size_t borne = 0;
    const auto try_with = [&](const std::string& bytes) {
      testing::write_text(file, bytes);
      std::optional<Checkpoint> found;
      const std::string error = testing::error_of([&] { found = load_checkpoint(folder); });
      if (!found) {
        EXPECT_THAT(error, ::testing::HasSubstr(name));
        return;
      }
      ++borne;
      EXPECT_EQ(found->position, 80U);
      EXPECT_EQ(found->config, "train: {lr: 1}\n");
      EXPECT_TRUE(torch::equal(found->part("optimizer", "").tensors.at(0).second, torch::full({64}, 10.0)));
    };
    for (std::size_t at = 0; at < whole.size(); ++at) {
      try_with(whole.substr(0, at));
      std::string flipped = whole;
      flipped[at] = static_cast<char>(flipped[at] ^ (1 << at % 8));
      try_with(flipped);
    }
    EXPECT_LE(borne, std::string_view(name) == "state.json" ? whole.size() / 20 : 0)
        << name;  // blanks between its values
    testing::write_text(file, whole);
  }
}

TEST_F(CheckpointTest, AStateThatAStrangerWroteIsOneLine) {
  save(10);
  const fs::path folder = out_ / "step-00000010";
  const nlohmann::json whole = nlohmann::json::parse(read_file(folder / "state.json"));
  const auto refusal = [&](const auto& change) {
    nlohmann::json state = whole;
    state.erase("crc32c");
    change(state);
    state["crc32c"] = checkpoint_state_crc(state);
    testing::write_text(folder / "state.json", state.dump());
    const std::string told = testing::error_of([&] { load_checkpoint(folder); });
    EXPECT_EQ(told.find('\n'), std::string::npos) << told;
    return told;
  };
  using Json = nlohmann::json;
  EXPECT_EQ(refusal([](Json&) {}), "no error");
  const auto no_checkpoint = ::testing::HasSubstr("step-00000010/state.json: ");
  for (const char* key : {"step", "position", "seed", "dataset_size", "config", "files", "format"}) {
    EXPECT_THAT(refusal([&](Json& state) { state.erase(key); }), no_checkpoint) << key;
    for (const Json& value : {Json(-1), Json(0.5), Json(nullptr), Json::array(), Json(true)}) {
      EXPECT_THAT(refusal([&](Json& state) { state[key] = value; }), no_checkpoint) << key;
    }
  }
  EXPECT_THAT(refusal([](Json& state) { state["step"] = ~std::uint64_t{0}; }), no_checkpoint);
  for (const char* file : {"../other.safetensors", "/etc/a.safetensors", "", "..", "latest", "a/b.safetensors"}) {
    EXPECT_THAT(refusal([&](Json& state) { state["files"][file] = 7; }), no_checkpoint) << file;
  }
  EXPECT_THAT(refusal([](Json& state) { state["files"]["ema.safetensors"] = "7"; }), no_checkpoint);
  EXPECT_THAT(refusal([](Json& state) { state["files"]["other.safetensors"] = 7; }),
              ::testing::HasSubstr("other.safetensors"));
  testing::write_text(folder / "state.json",
                      R"({"files": )" + std::string(200'000, '[') + std::string(200'000, ']') + "}");
  EXPECT_THAT(testing::error_of([&] { load_checkpoint(folder); }), no_checkpoint);

  for (const char* best :
       {R"({"checkpoint": "../step-1", "figure": "a", "value": 1})", R"({"checkpoint": 7, "figure": "a", "value": 1})",
        R"({"checkpoint": "step-1", "figure": [], "value": 1})",
        R"({"checkpoint": "step-1", "figure": "a", "value": null})"}) {
    testing::write_text(out_ / "best", best);
    EXPECT_THAT(testing::error_of([&] { read_best(out_); }), ::testing::HasSubstr("move the file away")) << best;
  }
}

TEST_F(CheckpointTest, NoCheckpointIsNoError) { EXPECT_FALSE(newest_checkpoint(out_, log_)); }

TEST_F(CheckpointTest, FindsTheWeightsAUserMeans) {
  save(10);
  save(20);
  EXPECT_EQ(find_weights(out_, log_), out_ / "step-00000020" / "ema.safetensors");
  EXPECT_EQ(find_weights(out_ / "step-00000010", log_), out_ / "step-00000010" / "ema.safetensors");
  const fs::path student = out_ / "step-00000010" / "student.safetensors";
  EXPECT_EQ(find_weights(student, log_), student);
  damage(student, 0.9);
  EXPECT_THROW(find_weights(student, log_), UserError);
  EXPECT_THROW(find_weights(out_ / "absent", log_), UserError);
}

TEST_F(CheckpointTest, AFolderOfTheUsersIsNoRuns) {
  EXPECT_EQ(testing::error_of([&] { check_run_folder(out_); }), "no error") << "there is none yet";
  for (const char* name : {"config.yaml", "best", "validation/a.png", "tensorboard/mine"}) {
    const testing::TemporaryFolder folder;
    testing::write_text(folder / "notes.txt", "mine");
    EXPECT_EQ(testing::error_of([&] { check_run_folder(folder.path()); }), "no error");
    testing::write_text(folder / name, "# mine\n");
    const std::string first = fs::path(name).begin()->string();
    EXPECT_THAT(testing::error_of([&] { check_run_folder(folder.path()); }),
                ::testing::HasSubstr((folder / first).string() + " belongs to no run"));
    testing::write_text(folder / "run.yaml", "---\n");
    EXPECT_EQ(testing::error_of([&] { check_run_folder(folder.path()); }), "no error");
  }
  for (const char* name : {"manifest.json", "shard-000000.h5"}) {
    const testing::TemporaryFolder folder;
    testing::write_text(folder / "run.yaml", "---\n");
    testing::write_text(folder / name, "");
    EXPECT_THAT(testing::error_of([&] { check_run_folder(folder.path()); }), ::testing::HasSubstr("holds a data set"))
        << name;
  }
}

TEST_F(CheckpointTest, AnEarlierRunIsSetAsideNotLost) {
  save(10);
  EXPECT_EQ(set_aside_earlier_run(out_), out_ / "previous-1");
  EXPECT_TRUE(fs::exists(out_ / "previous-1" / "step-00000010" / "state.json"));
  EXPECT_FALSE(newest_checkpoint(out_, log_));
  EXPECT_EQ(set_aside_earlier_run(out_), fs::path());
}

}  // namespace
}  // namespace samsr
