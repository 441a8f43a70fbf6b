# Writes OUTPUT, a header with the text of SOURCE as the constant samsr::embedded::SYMBOL.
file(READ ${SOURCE} text)
# GCC takes a raw string of any length.
file(WRITE ${OUTPUT} "#pragma once\n\n#include <string_view>\n\nnamespace samsr::embedded {\ninline constexpr std::string_view ${SYMBOL} = R\"embedded(${text})embedded\";\n}\n")
