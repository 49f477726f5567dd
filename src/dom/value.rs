//! What an attribute can be given.

use std::borrow::Cow;

/// The value of an attribute; `None` takes it away.
pub type AttributeValue = Option<Cow<'static, str>>;

/// A value that stays, or a closure that gives one whenever what it reads has changed.
///
/// `true` is an attribute without a value, `false` none at all.
pub enum Attribute {
    /// It stays.
    Fixed(AttributeValue),
    /// It moves.
    Moving(Box<dyn Fn() -> AttributeValue>),
}

/// What can stand as an attribute.
pub trait IntoAttributeValue {
    /// The value.
    fn into_value(self) -> AttributeValue;
}

impl IntoAttributeValue for &'static str {
    fn into_value(self) -> AttributeValue {
        Some(Cow::Borrowed(self))
    }
}

impl IntoAttributeValue for String {
    fn into_value(self) -> AttributeValue {
        Some(Cow::Owned(self))
    }
}

impl IntoAttributeValue for bool {
    fn into_value(self) -> AttributeValue {
        self.then_some(Cow::Borrowed(""))
    }
}

impl<T: IntoAttributeValue> IntoAttributeValue for Option<T> {
    fn into_value(self) -> AttributeValue {
        self.and_then(T::into_value)
    }
}

/// What an attribute is made of: a value, or a closure that gives one.
pub trait IntoAttribute {
    /// The attribute.
    fn into_attribute(self) -> Attribute;
}

macro_rules! fixed {
    ($($type:ty),+) => {$(
        impl IntoAttribute for $type {
            fn into_attribute(self) -> Attribute {
                Attribute::Fixed(self.into_value())
            }
        }
    )+};
}

fixed!(&'static str, String, bool, Option<&'static str>, Option<String>);

impl<F, T> IntoAttribute for F
where
    F: Fn() -> T + 'static,
    T: IntoAttributeValue,
{
    fn into_attribute(self) -> Attribute {
        Attribute::Moving(Box::new(move || self().into_value()))
    }
}
