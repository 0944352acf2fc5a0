// SPDX-License-Identifier: Apache-2.0
#include "agent/base/time.hpp"

#include <algorithm>

namespace depotlink {
namespace {

constexpr std::int64_t kDayMs = 24 * kHourMs;
constexpr std::int64_t kLastMs = 253402300799999;  // 9999-12-31T23:59:59.999Z

// Days since 1970-01-01 in the proleptic Gregorian calendar: years counted from March, so that the
// leap day is the last of its year, in eras of 400 years (146,097 days).
constexpr std::int64_t DaysFromCivil(std::int64_t year, int month, int day) {
  year -= month <= 2 ? 1 : 0;
  const std::int64_t era = year / 400;
  const std::int64_t year_of_era = year - era * 400;
  const std::int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
         719468;
}

struct Civil {
  std::int64_t year;
  int month;
  int day;
};

constexpr Civil CivilFromDays(std::int64_t days) {
  days += 719468;
  const std::int64_t era = days / 146097;
  const std::int64_t day_of_era = days - era * 146097;
  const std::int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const std::int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t shifted_month = (5 * day_of_year + 2) / 153;
  const int day = static_cast<int>(day_of_year - (153 * shifted_month + 2) / 5 + 1);
  const int month = static_cast<int>(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);
  return {year_of_era + era * 400 + (month <= 2 ? 1 : 0), month, day};
}

constexpr int DaysInMonth(int year, int month) {
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29 : kDays[month - 1];
}

// Takes text from its front, piece by piece.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}

  bool Digits(int count, int& out) {
    if (text_.size() < static_cast<std::size_t>(count)) return false;
    int value = 0;
    for (int i = 0; i < count; ++i) {
      const char c = text_[static_cast<std::size_t>(i)];
      if (c < '0' || c > '9') return false;
      value = value * 10 + (c - '0');
    }
    text_.remove_prefix(static_cast<std::size_t>(count));
    out = value;
    return true;
  }
  bool Take(char wanted) {
    if (text_.empty() || text_.front() != wanted) return false;
    text_.remove_prefix(1);
    return true;
  }
  bool empty() const { return text_.empty(); }
  bool NextIsDigit() const {
    return !text_.empty() && text_.front() >= '0' && text_.front() <= '9';
  }

 private:
  std::string_view text_;
};

bool ParseFraction(Cursor& cursor, int& ms) {
  int digits = 0;
  int scale = 100;
  ms = 0;
  while (cursor.NextIsDigit() && digits < 9) {
    int digit = 0;
    if (!cursor.Digits(1, digit)) return false;
    ms += digit * scale;
    scale /= 10;
    ++digits;
  }
  return digits > 0;
}

bool ParseZone(Cursor& cursor, std::int64_t& offset_ms) {
  offset_ms = 0;
  if (cursor.Take('Z') || cursor.Take('z')) return true;
  const bool east = cursor.Take('+');
  if (!east && !cursor.Take('-')) return false;
  int hours = 0;
  int minutes = 0;
  if (!cursor.Digits(2, hours)) return false;
  const bool colon = cursor.Take(':');
  if ((colon || !cursor.empty()) && !cursor.Digits(2, minutes)) return false;
  if (hours > 23 || minutes > 59) return false;
  offset_ms = (east ? 1 : -1) * (hours * kHourMs + minutes * kMinuteMs);
  return true;
}

char* PutDigits(char* out, std::int64_t value, int width) {
  for (int i = width - 1; i >= 0; --i) {
    out[i] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
  return out + width;
}

}  // namespace

bool ParseIsoTime(std::string_view text, WallTime& out) {
  Cursor cursor(text);
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, ms = 0;
  if (!cursor.Digits(4, year) || !cursor.Take('-') || !cursor.Digits(2, month) ||
      !cursor.Take('-') || !cursor.Digits(2, day)) {
    return false;
  }
  if (!cursor.Take('T') && !cursor.Take(' ')) return false;
  if (!cursor.Digits(2, hour) || !cursor.Take(':') || !cursor.Digits(2, minute) ||
      !cursor.Take(':') || !cursor.Digits(2, second)) {
    return false;
  }
  if (cursor.Take('.') && !ParseFraction(cursor, ms)) return false;
  std::int64_t offset_ms = 0;
  if (!ParseZone(cursor, offset_ms) || !cursor.empty()) return false;
  if (year < 1970 || month < 1 || month > 12 || day < 1 || day > DaysInMonth(year, month) ||
      hour > 23 || minute > 59 || second > 60) {
    return false;
  }
  const std::int64_t total = DaysFromCivil(year, month, day) * kDayMs + hour * kHourMs +
                             minute * kMinuteMs + second * kSecondMs + ms - offset_ms;
  if (total < 0 || total > kLastMs) return false;
  out.ms = total;
  return true;
}

std::size_t FormatIsoTime(WallTime time, bool with_ms, char* out) {
  const std::int64_t ms = std::clamp<std::int64_t>(time.ms, 0, kLastMs);
  const Civil date = CivilFromDays(ms / kDayMs);
  const std::int64_t of_day = ms % kDayMs;
  char* at = PutDigits(out, date.year, 4);
  *at++ = '-';
  at = PutDigits(at, date.month, 2);
  *at++ = '-';
  at = PutDigits(at, date.day, 2);
  *at++ = 'T';
  at = PutDigits(at, of_day / kHourMs, 2);
  *at++ = ':';
  at = PutDigits(at, of_day / kMinuteMs % 60, 2);
  *at++ = ':';
  at = PutDigits(at, of_day / kSecondMs % 60, 2);
  if (with_ms) {
    *at++ = '.';
    at = PutDigits(at, of_day % kSecondMs, 3);
  }
  *at++ = 'Z';
  return static_cast<std::size_t>(at - out);
}

}  // namespace depotlink
