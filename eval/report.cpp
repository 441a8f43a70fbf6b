#include "eval/report.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/atomic_file.h"
#include "data/image_file.h"
#include "eval/chart.h"
#include "eval/html.h"

namespace samsr {
namespace {

constexpr const char* kStyle = R"css(
:root { color-scheme: light dark; --ink: #1c1e21; --faint: #5f6671; --paper: #fff; --line: #d8dce2;
  --best: #eaf5ec; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e8eb; --faint: #9aa3ae; --paper: #16181b; --line: #353a41; --best: #1d3524; }
}
body { margin: 2rem auto; max-width: 1200px; padding: 0 1rem; color: var(--ink);
  background: var(--paper); font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.2rem; margin-top: 2.2rem; }
h3 { font-size: 1rem; margin-bottom: .3rem; }
table { border-collapse: collapse; } caption { text-align: left; color: var(--faint); }
th, td { padding: .3rem .9rem; border-bottom: 1px solid var(--line); text-align: right;
  font-variant-numeric: tabular-nums; }
th:first-child, td:first-child { text-align: left; }
td.best { font-weight: 700; background: var(--best); }
.protocol, figcaption { color: var(--faint); font-size: .85rem; }
.row { display: flex; flex-wrap: wrap; gap: .6rem; margin-bottom: 1.2rem; }
figure { margin: 0; flex: 1 1 180px; max-width: 280px; }
figure img { width: 100%; display: block; image-rendering: pixelated; border-radius: 3px; cursor: zoom-in; }
figure.wide { flex-basis: 100%; max-width: 100%; } figure.wide img { cursor: zoom-out; }
.charts { display: flex; flex-wrap: wrap; gap: 1.5rem; } .charts > div { flex: 1 1 420px; max-width: 640px; }
svg { width: 100%; height: auto; } svg text { fill: var(--faint); font: 12px system-ui, sans-serif; }
svg .grid { stroke: var(--line); } svg polyline { fill: none; stroke-width: 1.6; }
svg line[class^=curve] { stroke-width: 3; }
.curve-0 { stroke: #2f6fde; } .curve-1 { stroke: #d9622b; } .curve-2 { stroke: #2f9e5b; }
.curve-3 { stroke: #a04fc4; } .curve-4 { stroke: #b8901c; } .curve-5 { stroke: #d1467f; }
pre { overflow-x: auto; padding: .8rem; border: 1px solid var(--line); border-radius: 4px; font-size: .85rem; }
)css";

constexpr const char* kScript = R"js(
document.querySelectorAll('figure').forEach(f => f.addEventListener('click', () => f.classList.toggle('wide')));
)js";

std::string table_html(const ResultTable& table) {
  const Results& results = table.results;
  std::string html = "<table>\n<thead><tr><th>method</th><th>images</th>";
  for (const MetricInfo& metric : results.metrics) {
    html += fmt::format("<th title=\"{}\">{} {}</th>", escape_html(metric.protocol),
                        escape_html(display_name(metric)), metric.higher_is_better ? "↑" : "↓");
  }
  html += "</tr></thead>\n<tbody>\n";
  for (std::size_t row = 0; row < results.methods.size(); ++row) {
    const MethodScores& method = results.methods[row];
    html += fmt::format("<tr><td title=\"{}\">{}</td><td>{}</td>", escape_html(method.source),
                        escape_html(method.name), method.images.size());
    for (std::size_t m = 0; m < results.metrics.size(); ++m) {
      html += fmt::format("<td{}>{}</td>", results.best(m) == static_cast<int>(row) ? " class=\"best\"" : "",
                          display_value(results.metrics[m], method.mean(m)));
    }
    html += "</tr>\n";
  }
  html += "</tbody>\n</table>\n<p class=\"protocol\">↑ higher is better, ↓ lower is better. ";
  for (std::size_t m = 0; m < results.metrics.size(); ++m) {
    const MetricInfo& metric = results.metrics[m];
    html += fmt::format("{}{}: {}", m == 0 ? "" : "; ", escape_html(display_name(metric)),
                        escape_html(metric.protocol));
    for (const MethodScores& method : results.methods) {
      if (method.counted(m) != static_cast<std::int64_t>(method.images.size())) {
        html += fmt::format(" ({}: mean over {} images)", escape_html(method.name), method.counted(m));
      }
    }
  }
  return html + ".</p>\n";
}

std::string picture_html(const PictureRow& row) {
  std::string html = fmt::format("<h3>{}</h3>\n<div class=\"row\">\n", escape_html(row.name));
  for (const Picture& picture : row.pictures) {
    const std::string label = escape_html(picture.label);
    html += fmt::format(
        "<figure><img alt=\"{} of {}\" width=\"{}\" height=\"{}\" style=\"height:auto\" "
        "src=\"data:image/png;base64,{}\"><figcaption>{}</figcaption></figure>\n",
        label, escape_html(row.name), picture.rgb.cols, picture.rgb.rows, base64(encode_png(picture.rgb)),
        label);
  }
  return html + "</div>\n";
}

std::string charts_html(const std::vector<LossCurve>& curves) {
  std::vector<std::string> runs;
  for (const LossCurve& curve : curves) {
    if (std::find(runs.begin(), runs.end(), curve.run) == runs.end()) {
      runs.push_back(curve.run);
    }
  }
  std::string html = "<div class=\"charts\">\n";
  for (const std::string& run : runs) {
    std::vector<LossCurve> of_run;
    std::copy_if(curves.begin(), curves.end(), std::back_inserter(of_run),
                 [&](const LossCurve& curve) { return curve.run == run; });
    html += fmt::format("<div><h3>{}</h3>\n{}</div>\n", escape_html(run), line_chart(of_run));
  }
  return html + "</div>\n";
}

}  // namespace

std::string report_html(const ReportInput& input) {
  const std::string title = escape_html(input.title);
  std::string html = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{}</title>\n"
      "<style>{}</style>\n</head>\n<body>\n<h1>{}</h1>\n",
      title, kStyle, title);
  if (!input.summary.empty()) {
    html += fmt::format("<p>{}</p>\n", escape_html(input.summary));
  }
  for (const ResultTable& table : input.tables) {
    html += fmt::format("<h2>{}</h2>\n", escape_html(table.heading)) + table_html(table);
  }
  if (!input.rows.empty()) {
    html += "<h2>Pictures</h2>\n<p class=\"protocol\">A click enlarges a picture.</p>\n";
    for (const PictureRow& row : input.rows) {
      html += picture_html(row);
    }
  }
  if (!input.curves.empty()) {
    html += "<h2>Losses</h2>\n" + charts_html(input.curves);
  }
  for (const ReportNote& note : input.notes) {
    html += fmt::format("<details><summary>{}</summary><pre>{}</pre></details>\n", escape_html(note.heading),
                        escape_html(note.text));
  }
  return html + fmt::format("<script>{}</script>\n</body>\n</html>\n", kScript);
}

void write_report(const ReportInput& input, const std::filesystem::path& file) {
  make_folder(file.has_parent_path() ? file.parent_path() : std::filesystem::path("."));
  write_file_atomically(file, report_html(input));
}

}  // namespace samsr
