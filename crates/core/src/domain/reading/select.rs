//! Finding values in JSON: ways through it, conditions on it, and which of several records count.

use std::{collections::BTreeMap, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, IntoDeserializer as _, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::Value;

/// One value, or a list of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OneOrMore<T>(pub Vec<T>);

impl<T> Default for OneOrMore<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Serialize> Serialize for OneOrMore<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0[..] {
            [only] => only.serialize(serializer),
            all => all.serialize(serializer),
        }
    }
}

// Here and below nothing is read by way of a buffered value: so a mistake is told with its whole path.
impl<'de, T: de::DeserializeOwned> Deserialize<'de> for OneOrMore<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either<T>(PhantomData<T>);

        impl<'de, T: de::DeserializeOwned> Visitor<'de> for Either<T> {
            type Value = Vec<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("one, or a list of them")
            }

            fn visit_str<E: de::Error>(self, one: &str) -> Result<Vec<T>, E> {
                T::deserialize(one.into_deserializer()).map(|one| vec![one])
            }

            fn visit_bool<E: de::Error>(self, one: bool) -> Result<Vec<T>, E> {
                T::deserialize(one.into_deserializer()).map(|one| vec![one])
            }

            fn visit_u64<E: de::Error>(self, one: u64) -> Result<Vec<T>, E> {
                T::deserialize(one.into_deserializer()).map(|one| vec![one])
            }

            fn visit_i64<E: de::Error>(self, one: i64) -> Result<Vec<T>, E> {
                T::deserialize(one.into_deserializer()).map(|one| vec![one])
            }

            fn visit_f64<E: de::Error>(self, one: f64) -> Result<Vec<T>, E> {
                T::deserialize(one.into_deserializer()).map(|one| vec![one])
            }

            fn visit_map<A: MapAccess<'de>>(self, one: A) -> Result<Vec<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(one)).map(|one| vec![one])
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Vec<T>, A::Error> {
                let mut all = Vec::new();
                while let Some(one) = elements.next_element()? {
                    all.push(one);
                }
                Ok(all)
            }
        }

        deserializer.deserialize_any(Either(PhantomData)).map(Self)
    }
}

/// A way through a JSON value, as in RFC 6901, where `*` stands for every element of a list and every value of an object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pointer {
    written: String,
    steps: Vec<String>,
}

impl TryFrom<String> for Pointer {
    type Error = String;

    fn try_from(written: String) -> Result<Self, String> {
        let rest = match written.strip_prefix('/') {
            Some(rest) => Some(rest),
            None if written.is_empty() => None,
            None => {
                return Err(format!("`{written}` is no way through JSON: expected a way like /result/text, where * stands for everything"));
            }
        };
        let steps = rest.map(|rest| rest.split('/').map(|step| step.replace("~1", "/").replace("~0", "~")).collect()).unwrap_or_default();
        Ok(Self { written, steps })
    }
}

impl From<Pointer> for String {
    fn from(pointer: Pointer) -> Self {
        pointer.written
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

impl Pointer {
    /// The names on the way, those that stand for everything apart.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.steps.iter().map(String::as_str).filter(|step| *step != "*")
    }

    /// All values that it leads to, in their order.
    pub fn find<'v>(&self, value: &'v Value) -> Vec<&'v Value> {
        self.steps.iter().fold(vec![value], |found, step| found.into_iter().flat_map(|value| below(value, step)).collect())
    }
}

fn below<'v>(value: &'v Value, step: &str) -> Vec<&'v Value> {
    match (value, step) {
        (Value::Array(all), "*") => all.iter().collect(),
        (Value::Object(all), "*") => all.values().collect(),
        (Value::Array(all), step) => step.parse::<usize>().ok().and_then(|at| all.get(at)).into_iter().collect(),
        (Value::Object(all), step) => all.get(step).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// What a record must be like: every pointer must lead to such a value.
pub type Where = BTreeMap<Pointer, Test>;

/// What one value must be like.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// One of these.
    Is(Vec<Value>),
    /// There, and none of these.
    IsNot(Vec<Value>),
    /// There or not.
    Exists(bool),
}

impl Test {
    /// Whether what was found is like that.
    pub fn holds(&self, found: &[&Value]) -> bool {
        match self {
            Self::Is(any) => found.iter().any(|value| any.contains(value)),
            Self::IsNot(none) => !found.is_empty() && !found.iter().any(|value| none.contains(value)),
            Self::Exists(there) => *there != found.iter().all(|value| value.is_null()),
        }
    }
}

/// Whether a record is like that.
pub fn holds(conditions: &Where, record: &Value) -> bool {
    conditions.iter().all(|(pointer, test)| test.holds(&pointer.find(record)))
}

impl Serialize for Test {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let plain = |all: &[Value]| if let [only] = all { only.clone() } else { Value::from(all) };
        match self {
            Self::Is(any) => plain(any),
            Self::IsNot(none) => serde_json::json!({ "not": plain(none) }),
            Self::Exists(there) => serde_json::json!({ "exists": there }),
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Test {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let any = |value| if let Value::Array(all) = value { all } else { vec![value] };
        match Value::deserialize(deserializer)? {
            Value::Object(mut one) if one.len() == 1 => match (one.remove("not"), one.remove("exists")) {
                (Some(none), _) => Ok(Self::IsNot(any(none))),
                (_, Some(Value::Bool(there))) => Ok(Self::Exists(there)),
                _ => Err(de::Error::custom(EXPECTED_TEST)),
            },
            Value::Object(_) => Err(de::Error::custom(EXPECTED_TEST)),
            value => Ok(Self::Is(any(value))),
        }
    }
}

const EXPECTED_TEST: &str = "expected a value, a list of values, {\"not\": …} or {\"exists\": true}";

/// Where a value stands: a pointer, or one into certain records.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Selector {
    /// In which records; none: in all.
    #[serde(rename = "where")]
    pub among: Where,
    /// Where in the record.
    pub at: Option<Pointer>,
    /// The names in the object at this place, instead of a value.
    pub keys: Option<Pointer>,
    /// Which of several records.
    pub take: Take,
    /// What stands between several values of one record.
    pub join: String,
}

/// Which of several records count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Take {
    /// The first that has the value.
    First,
    /// The last.
    #[default]
    Last,
    /// All, added up.
    Sum,
    /// All, one after another.
    Concat,
}

impl<'de> Deserialize<'de> for Selector {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Written {
            #[serde(default, rename = "where")]
            among: Where,
            at: Option<Pointer>,
            keys: Option<Pointer>,
            #[serde(default)]
            take: Take,
            #[serde(default)]
            join: String,
        }
        struct PlaceOrMore;

        impl<'de> Visitor<'de> for PlaceOrMore {
            type Value = Selector;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a way through JSON like /result/text, or an object with `at` or `keys`")
            }

            fn visit_str<E: de::Error>(self, at: &str) -> Result<Selector, E> {
                Ok(Selector { at: Some(Pointer::try_from(at.to_owned()).map_err(E::custom)?), ..Selector::default() })
            }

            fn visit_map<A: MapAccess<'de>>(self, written: A) -> Result<Selector, A::Error> {
                let Written { among, at, keys, take, join } = Written::deserialize(MapAccessDeserializer::new(written))?;
                if at.is_some() == keys.is_some() {
                    return Err(de::Error::custom(
                        "expected either `at` or `keys`: where the value stands, or the object whose names it is",
                    ));
                }
                Ok(Selector { among, at, keys, take, join })
            }
        }

        deserializer.deserialize_any(PlaceOrMore)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn find(pointer: &str, value: &Value) -> Vec<Value> {
        Pointer::try_from(pointer.to_owned()).unwrap().find(value).into_iter().cloned().collect()
    }

    #[test]
    fn a_star_stands_for_everything_at_its_place() {
        let value = json!({"a": {"x": {"n": 1}, "y": {"n": 2}, "z": 3}, "b": [{"n": 4}, {"n": 5}], "c/d~": 6});

        assert_eq!(find("/a/*/n", &value), [1, 2]);
        assert_eq!(find("/b/*/n", &value), [4, 5]);
        assert_eq!(find("/b/1/n", &value), [5]);
        assert_eq!(find("/c~1d~0", &value), [6]);
        assert_eq!(find("", &value), std::slice::from_ref(&value));
        assert!(find("/a/x/n/deeper", &value).is_empty() && find("/b/x", &value).is_empty());
    }

    #[test]
    fn records_are_chosen_by_what_they_are_and_are_not() {
        let holds = |conditions: Value, record: Value| holds(&serde_json::from_value(conditions).unwrap(), &record);

        assert!(holds(json!({"/type": "a"}), json!({"type": "a"})));
        assert!(!holds(json!({"/type": "a", "/n": 1}), json!({"type": "a"})));
        assert!(holds(json!({"/type": ["a", "b"]}), json!({"type": "b"})));
        assert!(holds(json!({"/m/*/basis": {"not": "unknown"}}), json!({"m": {"x": {"basis": "list"}}})));
        assert!(!holds(json!({"/m/*/basis": {"not": "unknown"}}), json!({"m": {}})), "what is not there is not known to differ");
        assert!(holds(json!({"/error": {"exists": false}}), json!({"error": null})));
        assert!(holds(json!({"/error": {"exists": true}}), json!({"error": 0})));
    }
}
