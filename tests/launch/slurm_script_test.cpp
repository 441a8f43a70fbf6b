// launch/slurm.sbatch, with programs that stand in for Slurm's and do as tests/cluster/slurm has seen them do.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "core/atomic_file.h"
#include "launch/program.h"
#include "launch/running.h"
#include "support/files.h"
#include "support/temporary_folder.h"

namespace samsr::testing {
namespace {
namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

class SlurmScript : public ::testing::Test {
 protected:
  /// `job`: shell commands in place of srun's.
  void write_programs(const std::string& job) {
    write_program("srun", "echo \"srun $*\" >>" + calls() + "\n" + job);
    write_program("scontrol", "if [ \"$1\" = show ]; then echo \"JobId=$4 $(cat " + state() +
                                  ")\"; else echo \"scontrol $*\" >>" + calls() + "; fi");
    write_text(state(), "JobState=RUNNING NumNodes=2 PreemptEligibleTime=None PreemptTime=None\n");
  }
  /// `place`: the argument that says where the run is.
  std::string command(const std::string& place) const { return command_of("train " + place + " train.steps=5"); }
  std::string command() const { return command("train.out=" + (folder_ / "run")); }
  std::string command_of(const std::string& arguments) const {
    return "PATH=" + folder_.path() +
           ":$PATH SLURM_SUBMIT_DIR=" SAMSR_SOURCE
           " SLURM_JOB_ID=77 SLURM_JOB_NUM_NODES=2 SLURM_NTASKS=16 SLURM_CPUS_PER_TASK=8 SAMSR_RESTARTS=2"
           " SAMSR_RESTART_PAUSE=0 SAMSR_BINARY=" SAMSR_BINARY " bash " SAMSR_SOURCE "/launch/slurm.sbatch " +
           arguments;
  }
  /// Sends a signal to the script as soon as the job runs; the script's exit status.
  int interrupt(int signal) { return interrupt(signal, command()); }
  int interrupt(int signal, const std::string& command) {
    fs::remove(folder_ / "started");
    Running running(command, folder_ / "log");
    EXPECT_TRUE(running.until([&] { return fs::exists(folder_ / "started"); }));
    ::kill(running.pid(), signal);
    return running.wait();
  }
  /// The same to the whole group of the script, as a terminal and `timeout` do it.
  int interrupt_group(int signal) {
    fs::remove(folder_ / "started");
    Running running("setsid env " + command(), folder_ / "log");
    EXPECT_TRUE(running.until([&] { return fs::exists(folder_ / "started"); }));
    ::kill(-running.pid(), signal);
    return running.wait();
  }
  std::string calls() const { return folder_ / "calls"; }
  /// What Slurm says of the job.
  std::string state() const { return folder_ / "state"; }
  /// A job to which Slurm says this of itself before it ends.
  std::string told(const std::string& what) const { return "echo '" + what + "' >" + state() + "\n"; }

  const TemporaryFolder folder_;
  /// A job that runs until it is asked to save and end.
  const std::string long_job_ =
      "trap 'exit 0' USR1\ntouch " + (folder_ / "started") + "\nwhile :; do sleep 0.05; done\n";

 private:
  void write_program(const std::string& name, const std::string& text) {
    write_script(folder_ / name, "#!/bin/bash\n" + text + "\n");
  }
};

TEST_F(SlurmScript, StartsTheRanksThroughPmix) {
  write_programs("exit 0");
  EXPECT_EQ(run(command()).status, 0);
  EXPECT_THAT(read_file(calls()),
              ::testing::MatchesRegex("srun --mpi=pmix [^\n]*--cpus-per-task=8 [^\n]*/launch/samsr train "
                                      "train.out=[^\n]* train.steps=5\n"));
}

TEST_F(SlurmScript, SavesAndQueuesItselfAgainBeforeTheTimeLimit) {
  write_programs(long_job_);
  EXPECT_EQ(interrupt(SIGUSR1), 0);
  EXPECT_THAT(read_file(calls()), ::testing::EndsWith("\nscontrol requeue 77\n"));
}

TEST_F(SlurmScript, ATaskOfAnArrayQueuesItselfAlone) {
  write_programs(long_job_);
  EXPECT_EQ(interrupt(SIGUSR1, "SLURM_ARRAY_JOB_ID=70 SLURM_ARRAY_TASK_ID=3 " + command()), 0);
  EXPECT_THAT(read_file(calls()), ::testing::EndsWith("\nscontrol requeue 70_3\n"));
}

TEST_F(SlurmScript, WhatEndsBeforeItCouldSaveGoesOnWhereThatIsOfUse) {
  const std::string started = "touch " + (folder_ / "started") + "\n";
  write_programs(started + "while :; do sleep 0.05; done\n");  // ended by USR1: status 138
  EXPECT_EQ(interrupt(SIGUSR1, command_of("data build data.out=" + (folder_ / "set"))), 0);
  EXPECT_THAT(read_file(calls()), ::testing::EndsWith("\nscontrol requeue 77\n"));
  fs::remove(calls());
  EXPECT_EQ(interrupt(SIGUSR1), 138) << "each start would end so";
  EXPECT_THAT(read_file(calls()), Not(HasSubstr("scontrol")));
  write_programs("mkdir -p " + (folder_ / "run") + "; echo . >>" + (folder_ / "run/latest") + "; [ $(wc -l <" +
                 (folder_ / "run/latest") + ") -ge 2 ] || exit 1\n" + started +
                 "while :; do sleep 0.05; done\n");  // in its second start, after a checkpoint
  EXPECT_EQ(interrupt(SIGUSR1), 0);
  EXPECT_THAT(read_file(calls()), ::testing::EndsWith("\nscontrol requeue 77\n"));
}

TEST_F(SlurmScript, LeavesACancelledJobToSlurm) {
  write_programs(long_job_);
  EXPECT_EQ(interrupt(SIGTERM), 0);
  write_programs(told("JobState=COMPLETING NumNodes=2 PreemptTime=2026-11-28T06:39:16") + "exit 0");
  EXPECT_EQ(run(command()).status, 0) << "Slurm has queued it again already";
  EXPECT_THAT(read_file(calls()), Not(HasSubstr("scontrol")));
}

// Slurm signals the ranks only, and takes a job that ends before its time of grace for done.
TEST_F(SlurmScript, APreemptedJobThatHasSavedQueuesItselfAgain) {
  write_programs(told("JobState=RUNNING NumNodes=2 PreemptTime=2026-11-28T06:39:16") + "exit 0");
  EXPECT_THAT(run(command()).output, HasSubstr("preempted; queued again"));
  EXPECT_THAT(read_file(calls()), ::testing::EndsWith("\nscontrol requeue 77\n"));
}

TEST_F(SlurmScript, GoesOnOnTheNodesThatAreLeft) {
  write_programs("echo \"nodes ${SLURM_JOB_NUM_NODES:-unset}\" >>" + calls() + "\n" +
                 told("JobState=RUNNING NumNodes=1 PreemptTime=None") +
                 "[ -z \"${SLURM_JOB_NUM_NODES:-}\" ] || exit 3");
  const Outcome outcome = run(command());
  EXPECT_EQ(outcome.status, 0) << outcome.output;
  EXPECT_THAT(outcome.output, HasSubstr("1 of 2 nodes are lost: the job runs on 8 of 16 ranks"));
  EXPECT_THAT(read_file(calls()), HasSubstr("nodes 2\nsrun --mpi=pmix --kill-on-bad-exit=1 --cpus-per-task=8 "
                                            "--nodes=1 --ntasks=8 --overlap "));
  EXPECT_THAT(read_file(calls()), ::testing::EndsWith("\nnodes unset\n"));
}

TEST_F(SlurmScript, ASignalToItsGroupIsNoneToTheJob) {
  write_programs(long_job_);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    EXPECT_EQ(interrupt_group(signal), 0) << signal << read_file(folder_ / "log");
  }
}

TEST_F(SlurmScript, StartsAgainAfterAFaultAsOftenAsAllowed) {
  write_programs("exit 137");
  const Outcome outcome = run(command());
  EXPECT_EQ(outcome.status, 137);
  EXPECT_THAT(outcome.output, HasSubstr("status 137; restart 2 of 2 in 0 s"));
  EXPECT_THAT(outcome.output, HasSubstr("no restart is left of 2"));
}

TEST_F(SlurmScript, ANewCheckpointGivesAllRestartsBack) {
  write_programs("mkdir -p " + (folder_ / "run") + "; cd " + (folder_ / "run") +
                 "; echo . >>latest; [ $(wc -l <latest) -ge 6 ] || exit 1");
  write_text(folder_ / "base.yaml", "train: {out: ~/run}\n");
  write_text(folder_ / "x.yaml", "base: base.yaml\n");
  for (const std::string& place :
       {"train.out=" + (folder_ / "run"), std::string("'train.out=~/run'"), std::string("'train.out=${HOME}/run'"),
        "train.out=/nowhere train.out=" + (folder_ / "run"), "--config " + (folder_ / "x.yaml"),
        "--config=" + (folder_ / "x.yaml")}) {
    fs::remove_all(folder_ / "run");
    const Outcome outcome = run("HOME=" + folder_.path() + " " + command(place));
    EXPECT_EQ(outcome.status, 0) << place << outcome.output;
    EXPECT_THAT(outcome.output, HasSubstr("restart 1 of 2"));
    EXPECT_THAT(outcome.output, Not(HasSubstr("restart 2 of 2"))) << place;
  }
}

TEST_F(SlurmScript, AMistakeEndsTheJob) {
  write_programs("exit 2");
  const Outcome outcome = run(command());
  EXPECT_EQ(outcome.status, 2);
  EXPECT_EQ(outcome.output, "");
}

}  // namespace
}  // namespace samsr::testing
