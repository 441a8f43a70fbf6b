#include "eval/report/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "core/atomic_file.h"
#include "core/json_entry.h"
#include "data/images/image_encoder.h"
#include "embedded/report_choice_js.h"
#include "embedded/report_css.h"
#include "embedded/report_lens_js.h"
#include "embedded/report_means_js.h"
#include "embedded/report_scores_js.h"
#include "eval/markup/html.h"
#include "eval/report/chart.h"

namespace samsr {
namespace {

/// Levels of 255 from which on a shift of the mean colour is pointed out.
constexpr double kVisibleShift = 2;
/// Digits that the page keeps of a figure beyond those that it shows, so that close images sort rightly.
constexpr int kHiddenDigits = 3;

std::string colour_cell(const std::optional<Colour>& shift) {
  if (!shift) {
    return "<td>-</td>";
  }
  std::string text;
  double most = 0;
  for (const double level : *shift) {
    const double shown = std::round(level * 10) / 10 + 0.0;  // the sum makes 0 of -0
    text += fmt::format("{}{:+.1f}", text.empty() ? "" : " ", shown);
    most = std::max(most, std::abs(shown));
  }
  return fmt::format("<td{}>{}</td>", most >= kVisibleShift ? " class=\"shifted\"" : "", text);
}

/// What a method costs, as far as any method of the table says it.
struct CostColumn {
  const char* heading;
  double MethodScores::*value;
  int decimals;
};
constexpr CostColumn kCosts[] = {{"s / image", &MethodScores::seconds_per_image, 3},
                                 {"parameters, M", &MethodScores::parameters, 1}};

std::vector<CostColumn> known_costs(const Results& results) {
  std::vector<CostColumn> known;
  for (const CostColumn& cost : kCosts) {
    if (std::any_of(results.methods.begin(), results.methods.end(),
                    [&](const MethodScores& method) { return !std::isnan(method.*cost.value); })) {
      known.push_back(cost);
    }
  }
  return known;
}

std::string figure_cell(const MetricInfo& metric, const MethodScores& method, std::size_t m, Rank rank) {
  const char* const kind = rank == Rank::kBest ? " class=\"best\"" : rank == Rank::kSecond ? " class=\"second\"" : "";
  std::string html = fmt::format("<td{}><span>{}</span>", kind, display_value(metric, method.mean(m)));
  if (const auto interval = method.interval(m)) {
    html += "<small>" + display_interval(*interval, metric.decimals) + "</small>";
  }
  return html + "</td>";
}

/// Below a table: what its figures are, and over how many images where that is not all.
std::string protocol_html(const Results& results, bool colours) {
  std::string html =
      "<p class=\"note\">↑ higher is better, ↓ lower is better; best bold, second best underlined, of the methods "
      "shown. A click on a heading sorts, best first; a second one the other way round, a third one as at first. "
      "Small: 95 % bootstrap interval of the mean over images. ";
  for (std::size_t m = 0; m < results.metrics.size(); ++m) {
    const MetricInfo& metric = results.metrics[m];
    html +=
        fmt::format("{}{}: {}", m == 0 ? "" : "; ", escape_html(display_name(metric)), escape_html(metric.protocol));
    for (const MethodScores& method : results.methods) {
      if (method.counted(m) != static_cast<std::int64_t>(method.images.size())) {
        html += fmt::format(" ({}: {} {} images)", escape_html(method.name), metric.over(), method.counted(m));
      }
    }
  }
  html += ".";
  if (colours) {
    html +=
        fmt::format(" Colour shift: red, green and blue of the mean colour, less those of the {}, in levels of 255.",
                    results.reference.empty() ? "low-resolution image" : "reference");
  }
  return html + "</p>\n";
}

std::string table_html(const Results& results) {
  const bool colours = std::any_of(results.methods.begin(), results.methods.end(),
                                   [](const MethodScores& method) { return method.colour_shift().has_value(); });
  std::string html =
      "<div class=\"wide\"><table class=\"means\">\n<thead><tr><th scope=\"col\">method</th>"
      "<th scope=\"col\" data-higher>images</th>";
  std::vector<std::vector<Rank>> ranks;
  for (std::size_t m = 0; m < results.metrics.size(); ++m) {
    const MetricInfo& metric = results.metrics[m];
    html += fmt::format("<th scope=\"col\" title=\"{}\" data-metric=\"{}\"{}>{} {}</th>", escape_html(metric.protocol),
                        escape_html(metric.name), metric.higher_is_better ? " data-higher" : "",
                        escape_html(display_name(metric)), metric.higher_is_better ? "↑" : "↓");
    ranks.push_back(results.ranks(m));
  }
  const std::vector<CostColumn> costs = known_costs(results);
  for (const CostColumn& cost : costs) {
    html += fmt::format("<th scope=\"col\">{}</th>", cost.heading);
  }
  html += std::string(colours ? "<th scope=\"col\">colour shift</th>" : "") + "</tr></thead>\n<tbody>\n";
  for (std::size_t row = 0; row < results.methods.size(); ++row) {
    const MethodScores& method = results.methods[row];
    html += fmt::format("<tr><td title=\"{}\">{}</td><td>{}</td>", escape_html(method.source), escape_html(method.name),
                        method.images.size());
    for (std::size_t m = 0; m < results.metrics.size(); ++m) {
      html += figure_cell(results.metrics[m], method, m, ranks[m][row]);
    }
    for (const CostColumn& cost : costs) {
      const double value = method.*cost.value;
      html += std::isnan(value) ? "<td>-</td>" : fmt::format("<td>{:.{}f}</td>", value, cost.decimals);
    }
    html += (colours ? colour_cell(method.colour_shift()) : "") + "</tr>\n";
  }
  return html + "</tbody>\n</table></div>\n" + protocol_html(results, colours);
}

std::string row_id(std::size_t section, std::size_t row) { return fmt::format("pictures-{}-{}", section, row); }

std::string picture_html(const PictureRow& row, const std::string& id) {
  std::string html = fmt::format("<div id=\"{}\"><h4>{}</h4>\n<div class=\"row\">\n", id, escape_html(row.name));
  for (const Picture& picture : row.pictures) {
    const std::string label = escape_html(picture.label);
    const EncodedImage file =
        encode_image({.rgb = picture.rgb}, ImageFormat::kWebp, {.webp_lossless = true}, picture.label);
    html += fmt::format(
        "<figure tabindex=\"0\"><div class=\"view\"><img alt=\"{} of {}\" width=\"{}\" height=\"{}\" "
        "draggable=\"false\" src=\"data:image/webp;base64,{}\"></div><figcaption>{}</figcaption></figure>\n",
        label, escape_html(row.name), picture.rgb.cols, picture.rgb.rows, base64(file.bytes), label);
  }
  return html + "</div></div>\n";
}

std::string pictures_html(const std::vector<PictureRow>& rows, std::size_t section) {
  if (rows.empty()) {
    return {};
  }
  std::string html =
      "<h3>Pictures</h3>\n<div class=\"tools\"><span class=\"note\">Point at a picture, or step to it with the Tab key "
      "and move with the arrow keys: the lens shows the same place in all pictures of the row.</span>"
      "<label>zoom <select class=\"zoom\"><option value=\"2\">×2</option><option value=\"4\" selected>×4</option>"
      "<option value=\"8\">×8</option></select></label></div>\n";
  for (std::size_t r = 0; r < rows.size(); ++r) {
    html += picture_html(rows[r], row_id(section, r));
  }
  return html;
}

/// Names of all images that any method has, in the order in which they are met.
std::vector<std::string> image_names(const Results& results, std::map<std::string, std::size_t>& numbers) {
  std::vector<std::string> names;
  for (const MethodScores& method : results.methods) {
    for (const ImageScores& image : method.images) {
      if (numbers.emplace(image.image, names.size()).second) {
        names.push_back(image.image);
      }
    }
  }
  return names;
}

/// What report.js builds the table of single images from: values[metric][method][image], null where there is none.
/// Metrics of whole sets have no place in it.
std::string scores_json(const ResultTable& table, std::size_t section) {
  const Results& results = table.results;
  std::map<std::string, std::size_t> numbers;
  nlohmann::ordered_json data;
  data["images"] = image_names(results, numbers);
  data["methods"] = nlohmann::ordered_json::array();
  for (const MethodScores& method : results.methods) {
    data["methods"].push_back(method.name);
  }
  for (std::size_t m = 0; m < results.metrics.size(); ++m) {
    const MetricInfo& metric = results.metrics[m];
    if (metric.whole_set) {
      continue;
    }
    const double unit = std::pow(10, metric.decimals + kHiddenDigits);
    data["metrics"].push_back(
        {{"label", display_name(metric)}, {"higher", metric.higher_is_better}, {"decimals", metric.decimals}});
    nlohmann::ordered_json methods = nlohmann::ordered_json::array();
    for (const MethodScores& method : results.methods) {
      std::vector<nlohmann::ordered_json> values(numbers.size());
      for (const ImageScores& image : method.images) {
        if (std::isfinite(image.values[m])) {
          values[numbers.at(image.image)] = std::round(image.values[m] * unit) / unit;
        }
      }
      methods.push_back(values);
    }
    data["values"].push_back(methods);
  }
  data["pictures"] = nlohmann::ordered_json::object();
  for (std::size_t r = 0; r < table.rows.size(); ++r) {
    data["pictures"][table.rows[r].name] = row_id(section, r);
  }
  std::string json = json_text(data);
  for (std::size_t at = json.find('<'); at != std::string::npos; at = json.find('<', at)) {
    json.replace(at, 1, "\\u003c");  // a name must not end the script element
  }
  return json;
}

std::string section_html(const ResultTable& table, std::size_t section) {
  std::string html = fmt::format("<section id=\"set-{}\">\n<h2>{}</h2>\n", section, escape_html(table.heading)) +
                     table_html(table.results) + pictures_html(table.rows, section);
  const auto of_images = [](const MetricInfo& metric) { return !metric.whole_set; };
  if (std::any_of(table.results.metrics.begin(), table.results.metrics.end(), of_images) &&
      !table.results.methods.empty()) {
    html += fmt::format(
        "<div class=\"scores\"><h3>Single images</h3>\n<div class=\"tools\"><label>metric <select></select></label>"
        "<span class=\"note\">A click on a heading sorts; a second click the other way round.</span></div>\n"
        "<div class=\"wide\"><table></table></div>\n<button type=\"button\" class=\"more\" hidden>show all</button>\n"
        "<script type=\"application/json\">{}</script></div>\n",
        scores_json(table, section));
  }
  return html + "</section>\n";
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

std::string links_html(const std::vector<ResultTable>& tables) {
  std::string html = "<nav>";
  for (std::size_t t = 0; t < tables.size(); ++t) {
    html += fmt::format("<a href=\"#set-{}\">{}</a>", t, escape_html(tables[t].heading));
  }
  return html + "</nav>\n";
}

}  // namespace

std::string report_html(const ReportInput& input) {
  const std::string title = escape_html(input.title);
  std::string html = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{}</title>\n"
      "<style>{}</style>\n</head>\n<body>\n<h1>{}</h1>\n",
      title, embedded::report_css, title);
  if (!input.summary.empty()) {
    html += fmt::format("<p class=\"note\">{}</p>\n", escape_html(input.summary));
  }
  if (input.tables.size() > 1) {
    html += links_html(input.tables);
  }
  for (std::size_t t = 0; t < input.tables.size(); ++t) {
    html += section_html(input.tables[t], t);
  }
  if (!input.curves.empty()) {
    html += "<h2>Losses</h2>\n" + charts_html(input.curves);
  }
  for (const ReportNote& note : input.notes) {
    html += fmt::format("<details><summary>{}</summary><pre>{}</pre></details>\n", escape_html(note.heading),
                        escape_html(note.text));
  }
  return html + fmt::format("<script>{}{}{}{}</script>\n</body>\n</html>\n", embedded::report_lens_js,
                            embedded::report_choice_js, embedded::report_means_js, embedded::report_scores_js);
}

void write_report(const ReportInput& input, const std::filesystem::path& file) {
  make_folder(file.has_parent_path() ? file.parent_path() : std::filesystem::path("."));
  write_file_atomically(file, report_html(input));
}

}  // namespace samsr
