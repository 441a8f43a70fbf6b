#pragma once
// Results of several runs of `samsr eval` put together, benchmark by benchmark.

#include <filesystem>
#include <string>
#include <vector>

#include "eval/measure/results.h"

namespace samsr {

/// A results.json and what it says.
struct ResultsFile {
  std::filesystem::path file;
  Results results;
};

/// Reads each of `arguments`: a file, or a folder that is searched for files called results.json, subfolders included;
/// a file that is met twice counts once. UserError naming what is missing, is none, or is a folder without any.
std::vector<ResultsFile> collect_results(const std::vector<std::string>& arguments);

/// One set of results a benchmark, in the order of the files: all methods, and all metrics that any of them was
/// measured by (NaN where a method was not). A plain folder's results are a set of their own, called after the file's
/// folder. A method that two files measured on a benchmark with the same figures, as `bicubic` is in every run, is one
/// method. UserError naming both files where its figures differ or have no metric in common, where a metric was
/// measured by different protocols, and where two methods were measured on mostly different images.
std::vector<Results> merge_results(const std::vector<ResultsFile>& files);

}  // namespace samsr
