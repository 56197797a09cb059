-- One row per phone number in each spelling of a phone.


with

phones as (

    select * from "warehouse"."intermediate"."int_phones_split"

),

-- 021-58881234转801
extended as (

    select
        raw_phone,
        phone as typed_phone,
        case
            when regexp_matches(phone, '[^0-9 +()-]')
                then regexp_replace(phone, ' *(?:转|轉|分机|ext|x|#)[ .:]*([0-9]{1,6})$', '', 'g')
            else phone
        end as bare_phone,
        nullif(regexp_extract(phone, '[0-9] *(?:转|轉|分机|ext|x|#)[ .:]*([0-9]{1,6})$', 1), '') as phone_extension
    from phones

),

-- most are of the home country, or grouped as in North America, which SQL knows much faster;
-- a filter would be pushed down, and everything be asked twice
mobiles as (

    select
        raw_phone,
        typed_phone,
        bare_phone,
        phone_extension,
        coalesce(
            case
        when regexp_matches(bare_phone, '^(?:(?:[+]|00) *1[ .-]*[(]?[2-9][0-8][0-9][)]?[ .-]*[2-9][0-9]{2}[ .-]*[0-9]{4}|(?:1[ .-]*)?[(][2-9][0-8][0-9][)][ .-]*[2-9][0-9]{2}[ .-]?[0-9]{4}|(?:1[ .-]+)?[2-9][0-8][0-9][ .-][2-9][0-9]{2}[ .-][0-9]{4})$')
        and not regexp_matches(bare_phone, '^[48]00[ .-]')
            then '+1' || right(regexp_replace(bare_phone, '[^0-9]', '', 'g'), 10)
    end, case
        when regexp_matches(bare_phone, '^1[3-9][0-9]{9}$') then '+86' || bare_phone
        when regexp_matches(regexp_replace(regexp_replace(case
        when regexp_matches(bare_phone, '[！-～]')
            then translate(
                bare_phone,
                '！＂＃＄％＆＇（）＊＋，－．／０１２３４５６７８９：；＜＝＞？＠ＡＢＣＤＥＦＧＨＩＪＫＬＭＮＯＰＱＲＳＴＵＶＷＸＹＺ［＼］＾＿｀ａｂｃｄｅｆｇｈｉｊｋｌｍｎｏｐｑｒｓｔｕｖｗｘｙｚ｛｜｝～',
                '!"#$%&''()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\]^_`abcdefghijklmnopqrstuvwxyz{|}~'
            )
        else bare_phone
    end, '[.]0+$', '', 'g'), '[\s().·　 -]', '', 'g'), '^([+]?86|0086)?1[3-9][0-9]{9}$')
            then '+86' || right(regexp_replace(regexp_replace(case
        when regexp_matches(bare_phone, '[！-～]')
            then translate(
                bare_phone,
                '！＂＃＄％＆＇（）＊＋，－．／０１２３４５６７８９：；＜＝＞？＠ＡＢＣＤＥＦＧＨＩＪＫＬＭＮＯＰＱＲＳＴＵＶＷＸＹＺ［＼］＾＿｀ａｂｃｄｅｆｇｈｉｊｋｌｍｎｏｐｑｒｓｔｕｖｗｘｙｚ｛｜｝～',
                '!"#$%&''()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\]^_`abcdefghijklmnopqrstuvwxyz{|}~'
            )
        else bare_phone
    end, '[.]0+$', '', 'g'), '[\s().·　 -]', '', 'g'), 11)
    end
        ) as mobile
    from extended

),

landlines as (

    select
        raw_phone,
        typed_phone,
        phone_extension,
        mobile,
        case when mobile is null then case
        when regexp_matches(regexp_replace(regexp_replace(bare_phone, '[.]0+$', '', 'g'), '[\s().·　 -]', '', 'g'), '^(?:[+]?86|0086)?0?(?:(?:10|2[0-57-9])(?:[2-7][0-9]|8[1-9])|(?:3(?:11|7[179])|4(?:[15]1|3[12])|5(?:1[0-9]|2[37]|3[12]|51|7[13-79]|9[15])|7(?:[39]1|5[57]|6[09])|8(?:71|98))[2-8][0-9])[0-9]{6}$')
            then '+86' || regexp_replace(regexp_replace(regexp_replace(bare_phone, '[.]0+$', '', 'g'), '[\s().·　 -]', '', 'g'), '^(?:[+]?86|0086)?0?', '', 'g')
    end end as landline
    from mobiles

),

parsed as (

    select
        raw_phone,
        typed_phone,
        phone_extension,
        mobile,
        landline,
        case
            when mobile is null and landline is null then parse_phone(typed_phone)
        end as parsed_phone
    from landlines

),

judged as (

    select
        raw_phone,
        typed_phone,
        parsed_phone['reason'] as reason,
        case
            when mobile is null and landline is null then parsed_phone['e164']
            else concat_ws(';ext=', coalesce(mobile, landline), phone_extension)
        end as phone,
        case
            when mobile is null and landline is null then parsed_phone['kind']
            when phone_extension is not null then 'extension'
            when mobile is null then 'landline'
            else 'mobile'
        end as phone_kind
    from parsed

),

-- the digits that everybody types, whatever stands around them
dialled as (

    select
        raw_phone,
        phone,
        phone_kind,
        reason,
        coalesce(
            split_part(phone, ';', 1),
            regexp_replace(typed_phone, '[.]0+$|(转|轉|分机|ext|x|#).*$', '', 'g')
        ) as dialled_phone
    from judged

),

counted as (

    select
        raw_phone,
        phone,
        phone_kind,
        reason,
        regexp_replace(dialled_phone, '[^0-9]', '', 'g') as digits
    from dialled

),

-- 00000000 and 123456789 are nobody's
normalised as (

    select distinct
        raw_phone,
        phone,
        phone_kind,
        reason,
        case
            when
                coalesce(reason, '') != 'digits lost by a spreadsheet'
                and length(digits) >= 7
                and not 
    (
        replace(digits, left(digits, 1), '') = ''
        or contains('01234567890123456789', digits)
        or contains('98765432109876543210', digits)
    )
                then right(digits, 8)
        end as weak_phone
    from counted

)

select * from normalised