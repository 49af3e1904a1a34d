//! Dates, times, durations, and where on Earth.

use raddle_types::{Random, check};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Seconds between the years 1900 and 2100.
fn seconds(random: &mut Random) -> i64 {
    random.below(6_311_433_600) as i64 - 2_208_988_800
}

fn nanos(random: &mut Random) -> u32 {
    random.below(1_000_000_000) as u32
}

#[test]
fn of_chrono() {
    use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};
    let utc =
        |r: &mut Random| DateTime::<Utc>::from_timestamp(seconds(r), nanos(r)).expect("in range");
    check(utc);
    check(|r| utc(r).naive_utc());
    check(|r| utc(r).date_naive());
    check(|r| utc(r).time());
    check(|r| {
        let east =
            FixedOffset::east_opt(r.below(86_000) as i32 / 60 * 60).expect("less than a day");
        utc(r).with_timezone(&east)
    });
    check(|r| TimeDelta::new(seconds(r), nanos(r)));
    check(|r| [chrono::Weekday::Mon, chrono::Weekday::Sun][r.below(2) as usize]);
    check(|r| [chrono::Month::May, chrono::Month::July][r.below(2) as usize]);
    check(|r| [chrono_tz::Tz::UTC, chrono_tz::Europe::Vienna][r.below(2) as usize]);
    #[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
    struct Event {
        #[serde(with = "chrono::serde::ts_milliseconds")]
        at: DateTime<Utc>,
        #[serde(with = "chrono::serde::ts_seconds_option")]
        until: Option<DateTime<Utc>>,
        day: Option<NaiveDate>,
        local: Vec<NaiveDateTime>,
        time: NaiveTime,
    }
    let whole = |r: &mut Random| DateTime::from_timestamp(seconds(r), 0).expect("in range");
    check(|r| Event {
        at: whole(r),
        until: r.option(whole),
        day: r.option(|r| utc(r).date_naive()),
        local: r.list(|r| utc(r).naive_utc()),
        time: utc(r).time(),
    });
}

#[test]
fn of_time() {
    use time::{Date, OffsetDateTime, PrimitiveDateTime, Time, UtcOffset};
    let utc = |r: &mut Random| {
        let at = OffsetDateTime::from_unix_timestamp(seconds(r)).expect("in range");
        at.replace_nanosecond(nanos(r)).expect("less than a second")
    };
    check(utc);
    check(|r| -> Date { utc(r).date() });
    check(|r| -> Time { utc(r).time() });
    check(|r| PrimitiveDateTime::new(utc(r).date(), utc(r).time()));
    check(|r| utc(r).to_offset(UtcOffset::from_hms(r.below(20) as i8, 30, 0).expect("an offset")));
    check(|r| time::Duration::new(r.number(), 0));
    check(|r| utc(r).weekday());
    check(|r| utc(r).month());
    #[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
    struct Event {
        #[serde(with = "time::serde::rfc3339")]
        at: OffsetDateTime,
        #[serde(with = "time::serde::timestamp::option")]
        until: Option<OffsetDateTime>,
        #[serde(with = "time::serde::iso8601")]
        also: OffsetDateTime,
    }
    let whole = |r: &mut Random| OffsetDateTime::from_unix_timestamp(seconds(r)).expect("in range");
    check(|r| Event {
        at: utc(r),
        until: r.option(whole),
        also: utc(r),
    });
}

#[test]
fn of_jiff() {
    use jiff::{SignedDuration, Span, Timestamp, civil, tz::TimeZone};
    let at = |r: &mut Random| Timestamp::new(seconds(r), nanos(r) as i32).expect("in range");
    let at_or_before = move |r: &mut Random| at(r);
    check(at_or_before);
    check(move |r| at(r).to_zoned(TimeZone::UTC).datetime());
    check(move |r| -> civil::Date { at(r).to_zoned(TimeZone::UTC).date() });
    check(move |r| -> civil::Time { at(r).to_zoned(TimeZone::UTC).time() });
    check(move |r| at(r).to_zoned(TimeZone::UTC));
    check(|r| SignedDuration::from_millis(r.number() / 1000));
    check(|r| {
        Span::new()
            .days(r.below(1000) as i64)
            .minutes(r.below(1000) as i64)
            .fieldwise_text()
    });
    #[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
    struct Event {
        #[serde(with = "jiff::fmt::serde::timestamp::second::required")]
        at: Timestamp,
        #[serde(with = "jiff::fmt::serde::timestamp::second::optional")]
        until: Option<Timestamp>,
    }
    let whole = |r: &mut Random| Timestamp::new(seconds(r), 0).expect("in range");
    check(|r| Event {
        at: whole(r),
        until: r.option(whole),
    });
}

/// A span is not `PartialEq`: its text is.
trait Text {
    fn fieldwise_text(self) -> SpanOfText;
}

#[derive(Serialize, Deserialize, Clone, Debug)]
struct SpanOfText(jiff::Span);

impl PartialEq for SpanOfText {
    fn eq(&self, other: &Self) -> bool {
        self.0.to_string() == other.0.to_string()
    }
}

impl Text for jiff::Span {
    fn fieldwise_text(self) -> SpanOfText {
        SpanOfText(self)
    }
}

#[test]
fn of_humantime() {
    #[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
    struct Settings {
        #[serde(with = "humantime_serde")]
        timeout: Duration,
        #[serde(default, with = "humantime_serde")]
        retry: Option<Duration>,
        plain: Duration,
    }
    check(|r| Settings {
        timeout: Duration::from_millis(r.below(1 << 40)),
        retry: r.option(|r| Duration::from_secs(r.below(1 << 30))),
        plain: Duration::new(r.word(), nanos(r)),
    });
}
